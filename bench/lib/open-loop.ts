import { Agent, request } from 'node:http'
import { Worker } from 'node:worker_threads'
import type { Pace } from './pacer.ts'
import type { Target } from './targets.ts'

export interface OpenLoop {
  readonly sent: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends at a fixed rate, whether or not answers have come: what a late answer costs the ones behind it is measured
 * too, since each latency counts from the instant at which its request was due. A thread of its own sleeps until then:
 * a load that looked at the clock without end would take the core that upstream and console need.
 */
export async function openLoop(target: Target, perSecond: number, seconds: number): Promise<OpenLoop> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const total = perSecond * seconds
  const latenciesMs = new Float64Array(total)
  const body = Buffer.from(target.body)
  const url = new URL(target.url)
  const options = {
    ...{ agent, host: url.hostname, port: url.port, path: url.pathname, method: 'POST' },
    headers: { ...target.headers, 'content-length': body.length },
  }
  // Late enough for the thread to have started.
  const beginNs = process.hrtime.bigint() + 200_000_000n
  let errors = 0
  let done = 0
  await new Promise<void>((resolve, reject) => {
    const finish = (index: number, failed: boolean): void => {
      latenciesMs[index] = Number(process.hrtime.bigint() - beginNs) / 1e6 - (index * 1000) / perSecond
      if (failed) errors += 1
      done += 1
      if (done === total) resolve()
    }
    const send = (index: number): void => {
      const call = request(options, (answer) => {
        answer.resume()
        answer.on('end', () => finish(index, answer.statusCode !== 200))
      })
      call.on('error', () => finish(index, true))
      call.end(body)
    }
    const pace: Pace = { perSecond, total, beginNs }
    const pacer = new Worker(new URL('pacer.ts', import.meta.url), { workerData: pace })
    pacer.on('message', send)
    pacer.on('error', reject)
  })
  agent.destroy()
  return { sent: total, errors, ...percentiles(latenciesMs) }
}

export function percentiles(values: Float64Array): { readonly p50Ms: number; readonly p99Ms: number } {
  const sorted = values.toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
