import { parentPort, workerData } from 'node:worker_threads'

export interface Pace {
  readonly perSecond: number
  readonly total: number
  /** On the clock of `process.hrtime`, which all threads share. */
  readonly beginNs: bigint
}

const { perSecond, total, beginNs } = workerData as Pace
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Says when each request is due: asleep in between, as timers of a millisecond cannot be. */
for (let next = 0; next < total; next += 1) {
  const dueMs = (next * 1000) / perSecond
  for (let leftMs = dueMs - nowMs(); leftMs > 0; leftMs = dueMs - nowMs()) Atomics.wait(sleeper, 0, 0, leftMs)
  parentPort?.postMessage(next)
}

function nowMs(): number {
  return Number(process.hrtime.bigint() - beginNs) / 1e6
}
