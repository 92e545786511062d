import { Agent, request } from 'node:http'
import type { Target } from './targets.ts'

export interface OpenLoop {
  readonly sent: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends at a fixed rate, whether or not answers have come: what a late answer costs the ones behind it is measured
 * too, since each latency counts from the instant at which its request was due.
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
  let errors = 0
  let done = 0
  await new Promise<void>((resolve) => {
    const finish = (index: number, dueMs: number, failed: boolean): void => {
      latenciesMs[index] = performance.now() - dueMs
      if (failed) errors += 1
      done += 1
      if (done === total) resolve()
    }
    const send = (index: number, dueMs: number): void => {
      const call = request(options, (answer) => {
        answer.resume()
        answer.on('end', () => finish(index, dueMs, answer.statusCode !== 200))
      })
      call.on('error', () => finish(index, dueMs, true))
      call.end(body)
    }
    const beganMs = performance.now()
    let next = 0
    const tick = (): void => {
      const nowMs = performance.now()
      while (next < total && beganMs + (next * 1000) / perSecond <= nowMs) {
        send(next, beganMs + (next * 1000) / perSecond)
        next += 1
      }
      if (next < total) setImmediate(tick)
    }
    tick()
  })
  agent.destroy()
  return { sent: total, errors, ...percentiles(latenciesMs) }
}

export function percentiles(values: Float64Array): { readonly p50Ms: number; readonly p99Ms: number } {
  const sorted = values.toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
