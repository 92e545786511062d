import type { UpstreamAnswer } from '#ports.ts'
import { createBatchMeter } from '#providers/answers/batch-results.ts'
import { batchResultsId } from '#providers/batch-paths.ts'
import type { StreamMeter } from '#providers/meter.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'

/** The results of a batch, on their way to whoever fetches them. */
export interface BatchRead {
  readonly meter: StreamMeter
  /** They have passed, or broken off. */
  end(): void
}

/**
 * Reads the results of a batch that is still to be booked as they pass, whatever their type says that they are. Null
 * where the answer is none, or not all of them: a part, or word that they are still the same.
 */
export function readBatch(road: Road, { arrival, call }: OpenCall, answer: UpstreamAnswer): BatchRead | null {
  if (arrival.match.metered || answer.status !== 200) return null
  const id = batchResultsId(arrival.exchange.method, arrival.match.upstreamPath)
  const job = id === null ? null : road.jobs.find(call.upstream, id)
  if (id === null || job === null) return null
  return { meter: createBatchMeter(job.batch?.endpoint ?? null), end: road.jobs.read(call.upstream, id) }
}
