import { type BatchOrder, batchMark, type SettleEntry } from '#core/ledger/entry.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import type { PricedCall } from '#core/pricing/price-call.ts'
import { sumPriced } from '#core/pricing/sum-priced.ts'
import type { UsageSource } from '#core/usage/reported.ts'
import { batchResultsId, deletedId, ordersBatch } from '#providers/batch-paths.ts'
import type { BatchRequest, BatchResults, BatchState } from '#providers/meter.ts'
import { searchesUnseen } from '#providers/model-limits.ts'
import { vendorOfModelName } from '#providers/vendors.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import type { EndedCall } from '../settlement/end-call.ts'
import type { JobEntry } from './background-jobs.ts'
import { bookOverdueJobs } from './book-job.ts'
import { emptyBatchRecord, jobRecord, jobTrace, notFetched, nothing } from './job-record.ts'

/**
 * A batch is ordered by one call and reports its usage to whoever fetches its results: each of its models gets a record
 * of its own, with the payer of the call that ordered it, written once, when the results have been read to their end.
 * Whoever reads them is not told of that end before.
 */
export async function bookBatch(road: Road, ended: EndedCall): Promise<void> {
  const { open, answer, delivery } = ended
  if (answer === null || answer.status >= 300) return
  const { upstreamPath: path } = open.arrival.match
  const { method } = open.arrival.exchange
  const { upstream } = open.call
  const { batches = [], results, responseId } = delivery.reading
  if (ordersBatch(method, path)) return begin(road, open, { batchId: responseId, batches })
  if (method === 'DELETE') return forget(road, upstream, deletedId(path))
  await Promise.all(batches.map((batch) => follow(road, upstream, batch)))
  const id = batchResultsId(method, path)
  if (id === null || delivery.fault !== null) return
  if (results !== undefined) await bookResults(road, { upstream, id, results })
  // Two may have read them at once.
  await road.jobs.settled(upstream, id)
}

interface Fetched {
  readonly upstream: string
  readonly id: string
  readonly results: BatchResults
}

async function bookResults(road: Road, { upstream, id, results }: Fetched): Promise<void> {
  const found = road.jobs.find(upstream, id)
  if (found === null) return
  const end = road.jobs.read(upstream, id)
  try {
    const priced = await priceAll(road, found, results.requests)
    const job = road.jobs.take(upstream, id)
    if (job !== null) await enter(road, job, recordsOf(road, job, { priced, unreadLines: results.unreadLines }))
  } finally {
    end()
  }
}

interface Ordered {
  readonly batchId: string | null
  readonly batches: readonly BatchState[]
}

async function begin(road: Road, open: OpenCall, { batchId, batches }: Ordered): Promise<void> {
  if (batchId === null) return
  const call = { ...open.entry.call, callId: road.ids.callId(road.clock.wallMs()) }
  const order = orderOf(batches.find(({ id }) => id === batchId))
  const job = { ...open.entry, call, responseId: batchId, ...order, ...jobTrace(road, open.entry) }
  road.jobs.add(job)
  await remember(road, job)
  await bookOverdueJobs(road)
}

/** What the provider says last; what it leaves out then stands as it said it before. */
function orderOf(state: BatchState | undefined, before: Pick<JobEntry, 'batch'> = {}): { batch?: BatchOrder } {
  const endpoint = state?.endpoint ?? before.batch?.endpoint
  if (endpoint === undefined) return {}
  return { batch: { endpoint, model: bounded(state?.model ?? before.batch?.model ?? '', longestModel) } }
}

/** A disk without room takes no open entries, but those that end something: the batch is known until the next start. */
async function remember(road: Road, job: JobEntry): Promise<void> {
  try {
    await road.journal.append(job)
  } catch (fault) {
    road.onFault(fault)
  }
}

/** Once the batch is over, it is known by what its results are fetched by, or there are none. */
async function follow(road: Road, upstream: string, state: BatchState): Promise<void> {
  const { id, over, resultsId } = state
  if (!over || resultsId === id) return
  const job = road.jobs.take(upstream, id)
  if (job === null) return
  if (resultsId === null) return enter(road, job, [emptyBatchRecord(road, job, null)])
  // The same entry again, under its new name: the last one is what a restart finds.
  const renamed = { ...job, responseId: resultsId, ...orderOf(state, job) }
  road.jobs.add(renamed)
  await remember(road, renamed)
}

/** What was to be fetched is deleted; where somebody is reading it, they have it nevertheless. */
async function forget(road: Road, upstream: string, id: string | null): Promise<void> {
  const job = id === null || road.jobs.isRead(upstream, id) ? null : road.jobs.take(upstream, id)
  if (job !== null) await enter(road, job, [emptyBatchRecord(road, job, notFetched)])
}

/** All of them in one tick, and so in one block of the journal. */
function enter({ jobs, journal }: Road, job: JobEntry, records: readonly SettleEntry[]): Promise<void> {
  return jobs.settle(job, () => Promise.all(records.map((record) => journal.append(record))))
}

/** So many are priced in a millisecond or few; then others have their turn. */
const pricedAtOnce = 500

/** What the requests to each model cost together. A batch may have 100,000. */
async function priceAll(road: Road, job: JobEntry, requests: readonly BatchRequest[]) {
  const sums = new Map<string, PricedCall>()
  for (let at = 0; at < requests.length; at += pricedAtOnce) {
    if (at > 0) await new Promise<void>((resolve) => road.timers.after(0, resolve))
    const byModel = Map.groupBy(requests.slice(at, at + pricedAtOnce), ({ model }) => model || (job.batch?.model ?? ''))
    for (const [model, some] of byModel) {
      const priced = some.map((request) => price(road, job, { ...request, model }))
      const sum = sums.get(model)
      sums.set(model, sum === undefined ? sumPriced(priced[0] ?? nothing, priced.slice(1)) : sumPriced(sum, priced))
    }
  }
  return sums
}

interface Priced {
  /** By model. */
  readonly priced: ReadonlyMap<string, PricedCall>
  readonly unreadLines: number
}

function recordsOf(road: Road, job: JobEntry, { priced, unreadLines }: Priced): readonly SettleEntry[] {
  const marks = unreadLines === 0 ? [] : ['unread_results']
  if (priced.size === 0) {
    const empty = emptyBatchRecord(road, job, null)
    return [{ ...empty, marks: [...empty.marks, ...marks] }]
  }
  const nowMs = road.clock.wallMs()
  return [...priced].map(([said, sum], n) => {
    const model = bounded(said, longestModel)
    // The first one closes the job's own entry.
    const callId = n === 0 ? job.call.callId : road.ids.callId(nowMs)
    return jobRecord({
      call: { ...job.call, callId, modelRequested: model, modelRouted: model, vendor: vendorOf(job, model) },
      ...{ nowMs, outcome: 'served', modelServed: model, usageSource: sourceOf(sum), mark: batchMark },
      priced: { ...sum, marks: [...sum.marks, ...marks] },
      error: { code: '', message: '' },
    })
  })
}

/** Where no result reports anything, nobody has counted. */
function sourceOf({ tokens, units }: PricedCall): UsageSource {
  return tokens.input + tokens.output > 0 || Object.keys(units).length > 0 ? 'provider' : 'none'
}

/** By itself, as it is billed: context tiers are a matter of single requests. */
function price(road: Road, job: JobEntry, { model, endpoint, usage, usageUnread }: BatchRequest): PricedCall {
  return road.prices.priceCall({
    upstream: job.call.upstream,
    vendor: vendorOf(job, model),
    modelServed: model,
    modelRouted: model,
    endpoint,
    serviceTier: 'batch',
    atMs: job.call.startedAtMs,
    usage,
    usageSource: 'provider',
    outputUnread: usageUnread === true,
    searchesUnseen: searchesUnseen(endpoint, model),
  })
}

function vendorOf({ call }: JobEntry, model: string): string {
  return call.vendor === '' ? (vendorOfModelName(model) ?? '') : call.vendor
}
