import { Agent, request } from 'node:http'
import { percentiles } from './open-loop.ts'
import { pause } from './processes.ts'
import { streamBody, type Target } from './targets.ts'

export interface Streams {
  readonly streams: number
  /** Of what a complete run has; anything less is a lost event. */
  readonly events: number
  readonly incomplete: number
  readonly firstTokenP50Ms: number
  readonly firstTokenP99Ms: number
}

interface SeenStream {
  readonly firstTokenMs: number
  readonly events: number
  readonly complete: boolean
}

/** Runs so many streams, at most `concurrent` at once, and counts their events. */
export async function runStreams(target: Target, count: number, concurrent: number): Promise<Streams> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent })
  const seen: SeenStream[] = []
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1
      seen.push(await oneStream(target, agent))
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrent, count) }, worker))
  agent.destroy()
  return summed(seen)
}

/** Begins so many streams a second, whether or not those before have ended, as callers do who know nothing of each other. */
export async function beginStreams(target: Target, perSecond: number, seconds: number): Promise<Streams> {
  const agent = new Agent({ keepAlive: true })
  const running: Promise<SeenStream>[] = []
  const beganMs = performance.now()
  while (running.length < perSecond * seconds) {
    const dueMs = beganMs + (running.length * 1000) / perSecond
    await pause(Math.max(0, dueMs - performance.now()))
    running.push(oneStream(target, agent))
  }
  const seen = await Promise.all(running)
  agent.destroy()
  return summed(seen)
}

function summed(seen: readonly SeenStream[]): Streams {
  const { p50Ms, p99Ms } = percentiles(Float64Array.from(seen, ({ firstTokenMs }) => firstTokenMs))
  return {
    streams: seen.length,
    events: seen.reduce((sum, { events }) => sum + events, 0),
    incomplete: seen.filter(({ complete }) => !complete).length,
    firstTokenP50Ms: p50Ms,
    firstTokenP99Ms: p99Ms,
  }
}

function oneStream(target: Target, agent: Agent) {
  return new Promise<SeenStream>((resolve) => {
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
