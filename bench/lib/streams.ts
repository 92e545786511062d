import { Agent, request } from 'node:http'
import { percentiles } from './open-loop.ts'
import { streamBody, type Target } from './targets.ts'

export interface Streams {
  readonly streams: number
  /** Of what a complete run has; anything less is a lost event. */
  readonly events: number
  readonly incomplete: number
  readonly firstTokenP50Ms: number
  readonly firstTokenP99Ms: number
}

/** Runs so many streams, at most `concurrent` at once, and counts their events. */
export async function runStreams(target: Target, count: number, concurrent: number): Promise<Streams> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent })
  const firstTokenMs = new Float64Array(count)
  let next = 0
  let events = 0
  let incomplete = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      const seen = await oneStream(target, agent)
      firstTokenMs[index] = seen.firstTokenMs
      events += seen.events
      if (!seen.complete) incomplete += 1
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrent, count) }, worker))
  agent.destroy()
  const { p50Ms, p99Ms } = percentiles(firstTokenMs)
  return { streams: count, events, incomplete, firstTokenP50Ms: p50Ms, firstTokenP99Ms: p99Ms }
}

function oneStream(target: Target, agent: Agent) {
  return new Promise<{ firstTokenMs: number; events: number; complete: boolean }>((resolve) => {
    const url = new URL(target.url)
    const beganMs = performance.now()
    let firstTokenMs = 0
    let events = 0
    let tail = ''
    const finish = (complete: boolean): void => resolve({ firstTokenMs, events, complete })
    const call = request(
      {
        ...{ agent, host: url.hostname, port: url.port, path: url.pathname, method: 'POST' },
        headers: { ...target.headers, 'content-length': Buffer.byteLength(streamBody) },
      },
      (answer) => {
        answer.on('data', (chunk: Buffer) => {
          if (firstTokenMs === 0) firstTokenMs = performance.now() - beganMs
          const text = chunk.toString('latin1')
          for (let at = text.indexOf('data: '); at >= 0; at = text.indexOf('data: ', at + 6)) events += 1
          tail = (tail + text).slice(-16)
        })
        answer.on('end', () => finish(tail.includes('[DONE]')))
        answer.on('error', () => finish(false))
      },
    )
    call.on('error', () => finish(false))
    call.end(streamBody)
  })
}
