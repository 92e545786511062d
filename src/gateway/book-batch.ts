import { batchMark, type SettleEntry } from '#core/ledger/entry.ts'
import { noCost } from '#core/pricing/cost.ts'
import type { PricedCall } from '#core/pricing/price-book.ts'
import { sumPriced } from '#core/pricing/sum-priced.ts'
import { noTokens } from '#core/usage/totals.ts'
import type { BatchRequest, BatchResults } from '#providers/meter.ts'
import { vendorOfModelName } from '#providers/vendors.ts'
import type { JobEntry } from './background-jobs.ts'
import type { EndedCall } from './end-call.ts'
import { jobRecord, jobTrace, notFetched } from './job-record.ts'
import type { Road } from './road.ts'

const batchPath = /^\/v1\/(?:messages\/)?batches(?:\/([^/]+)(?:\/cancel)?)?$/
const resultsPath = /^\/v1\/(?:messages\/batches\/([^/]+)\/results|files\/([^/]+)\/content)$/
const filePath = /^\/v1\/files\/([^/]+)$/

/** The id by which a pending batch is known, where its results can be fetched at this path; otherwise null. */
export function batchResultsId(method: string, path: string): string | null {
  const found = method === 'GET' ? resultsPath.exec(path) : null
  return decoded(found?.[1] ?? found?.[2])
}

/**
 * A batch is ordered by one call and reports its usage to whoever fetches its results: each of its models gets a record
 * of its own, with the payer of the call that ordered it, written once, when the results have been read to their end.
 *
 * To be called in the same tick as the call's own record is handed in, so that both stand in one block of the journal.
 */
export async function bookBatch(road: Road, ended: EndedCall): Promise<void> {
  const { open, answer, delivery } = ended
  if (answer === null || answer.status >= 400) return
  const { upstreamPath: path } = open.arrival.match
  const { method } = open.arrival.exchange
  const { batch, results, responseId } = delivery.reading
  const at = batchPath.exec(path)
  if (method === 'POST' && at !== null && at[1] === undefined) return begin(road, ended, responseId)
  if (method === 'DELETE') return forget(road, open.call.upstream, decoded(at?.[1] ?? filePath.exec(path)?.[1]))
  if (batch?.over === true && responseId !== null) {
    return follow(road, { upstream: open.call.upstream, batchId: responseId, resultsId: batch.resultsId })
  }
  const id = batchResultsId(method, path)
  if (results === undefined || id === null || delivery.fault !== null) return
  const job = road.jobs.take(open.call.upstream, id)
  if (job !== null) await enter(road, job, recordsOf(road, job, results))
}

async function begin(road: Road, { open }: EndedCall, batchId: string | null): Promise<void> {
  if (batchId === null) return
  const call = { ...open.entry.call, callId: road.ids.callId(road.clock.wallMs()) }
  const job = { ...open.entry, call, responseId: batchId, ...jobTrace(road, open.entry) }
  await road.journal.append(job)
  road.jobs.add(job)
}

interface Finished {
  readonly upstream: string
  readonly batchId: string
  readonly resultsId: string | null
}

/** The batch is over: from now on it is known by what its results are fetched by, or there are none. */
async function follow(road: Road, { upstream, batchId, resultsId }: Finished): Promise<void> {
  if (resultsId === batchId) return
  const job = road.jobs.take(upstream, batchId)
  if (job === null) return
  if (resultsId === null) return enter(road, job, [emptyRecord(road, job, null)])
  // The same entry again, under its new name: the last one is what a restart finds.
  const renamed = { ...job, responseId: resultsId }
  road.jobs.add(renamed)
  await road.journal.append(renamed)
}

const nothing: PricedCall = { cost: noCost, tokens: noTokens, units: {}, marks: [] }

function decoded(segment: string | undefined): string | null {
  return segment === undefined ? null : decodeURIComponent(segment)
}

/** What was to be fetched is deleted. */
async function forget(road: Road, upstream: string, id: string | null): Promise<void> {
  const job = id === null ? null : road.jobs.take(upstream, id)
  if (job !== null) await enter(road, job, [emptyRecord(road, job, notFetched)])
}

/** All of them in one block of the journal. */
async function enter(road: Road, job: JobEntry, records: readonly SettleEntry[]): Promise<void> {
  try {
    await Promise.all(records.map((record) => road.journal.append(record)))
  } catch (fault) {
    road.jobs.add(job)
    throw fault
  }
}

function recordsOf(road: Road, job: JobEntry, { requests, unreadLines }: BatchResults): readonly SettleEntry[] {
  const byModel = Map.groupBy(requests, ({ model }) => model)
  if (byModel.size === 0) return [emptyRecord(road, job, null)]
  const nowMs = road.clock.wallMs()
  return [...byModel.values()].map((some, n) => {
    const [first, ...rest] = some.map((request) => price(road, job, request))
    const model = some[0]?.model ?? ''
    const priced = sumPriced(first ?? nothing, rest)
    // The first one closes the job's own entry.
    const callId = n === 0 ? job.call.callId : road.ids.callId(nowMs)
    return jobRecord({
      call: { ...job.call, callId, modelRequested: model, modelRouted: model, vendor: vendorOf(job, model) },
      ...{ nowMs, outcome: 'served', modelServed: model, usageSource: 'provider', mark: batchMark },
      priced: unreadLines === 0 ? priced : { ...priced, marks: [...priced.marks, 'unread_results'] },
      error: { code: '', message: '' },
    })
  })
}

/** By itself, as it is billed: context tiers are a matter of single requests. */
function price(road: Road, job: JobEntry, { model, endpoint, usage }: BatchRequest): PricedCall {
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
  })
}

function vendorOf({ call }: JobEntry, model: string): string {
  return call.vendor === '' ? (vendorOfModelName(model) ?? '') : call.vendor
}

function emptyRecord(road: Road, { call }: JobEntry, error: typeof notFetched | null): SettleEntry {
  return jobRecord({
    ...{ call, nowMs: road.clock.wallMs(), modelServed: '', usageSource: 'none', priced: nothing, mark: batchMark },
    outcome: error === null ? 'served' : 'cancelled',
    error: error ?? { code: '', message: '' },
  })
}
