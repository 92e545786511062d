import { backgroundJobMark, type Outcome, type SettleEntry } from '#core/ledger/entry.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import { isOver, runsOn } from '#providers/answers/openai-responses.ts'
import { tellsAll } from '#providers/answers/usage-gaps.ts'
import type { Reading } from '#providers/meter.ts'
import type { Delivery } from '../answer/delivery.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { likelyOutput } from '../settlement/count-usage.ts'
import type { EndedCall } from '../settlement/end-call.ts'
import type { CountedUsage } from '../settlement/settle.ts'
import type { JobEntry } from './background-jobs.ts'
import { emptyBatchRecord, isBatch, jobRecord, jobTrace, notFetched } from './job-record.ts'

/**
 * A background job is begun by one call and reports its usage to whichever call fetches its result: it has a record
 * of its own, with the payer of the call that began it, written once, when the result is first seen.
 *
 * To be called in the same tick as the call's own record is handed in, so that both stand in one block of the journal.
 */
export async function bookJob(road: Road, { open, answer, delivery }: EndedCall): Promise<void> {
  if (answer === null || answer.status >= 400) return
  if (open.arrival.match.metered) return begin(road, open, delivery)
  const responseId = responseIdIn(open.arrival.match.upstreamPath)
  if (responseId === null) return
  const deleted = open.arrival.exchange.method === 'DELETE'
  if (!deleted && !isOver(delivery.reading)) return
  const job = road.jobs.take(open.call.upstream, responseId)
  if (job === null) return road.jobs.settled(open.call.upstream, responseId)
  await end(road, job, deleted ? null : delivery.reading)
}

/** Settles the jobs whose result nobody will fetch any more, with what can be guessed of them. */
export async function bookOverdueJobs(road: Road): Promise<void> {
  for (;;) {
    const job = road.jobs.takeOverdue(road.clock.wallMs())
    if (job === null) return
    if (isBatch(job.call)) {
      await road.jobs.settle(job, () => road.journal.append(emptyBatchRecord(road, job, notFetched)))
    } else await end(road, job, null)
  }
}

async function begin(road: Road, { ask, entry }: OpenCall, { reading }: Delivery): Promise<void> {
  const { responseId } = reading
  if (!ask.facts.background || responseId === null || !runsOn(reading)) return
  const call = { ...entry.call, callId: road.ids.callId(road.clock.wallMs()) }
  // It is the job that will cost something, whenever that is known; the call that began it costs nothing.
  const hold = road.budgets.handOver(entry.call.callId, call)
  const job = { ...entry, call, responseId, ...jobTrace(road, entry), ...(hold === null ? {} : { hold }) }
  const written = road.journal.append(job)
  try {
    await written
  } catch {
    // A disk without room takes no open entries, but those that end something: booked now with what can be guessed.
    return end(road, job, null)
  }
  road.jobs.add(job)
  await bookOverdueJobs(road)
}

async function end(road: Road, job: JobEntry, reading: Reading | null): Promise<void> {
  await road.jobs.settle(job, async () => {
    const counted = await countJob(road, job, reading)
    await road.journal.append(settleJob(road, job, { reading, counted }))
  })
}

/** What the provider reports; a job that failed used nothing; otherwise what can be guessed of it. */
async function countJob(road: Road, job: JobEntry, reading: Reading | null): Promise<CountedUsage> {
  const usage = reading?.usage ?? null
  if (reading !== null && tellsAll(job.call.endpoint, reading)) return { usage, source: 'provider' }
  if (reading?.status === 'failed') return { usage: null, source: 'none' }
  const delivered = reading === null ? 0 : await road.estimator.outputTokens(reading.outputText)
  const outputTokens = reading === null ? 0 : likelyOutput(reading, delivered)
  const counted = { ...usage, inputTokens: usage?.inputTokens || job.estimatedInputTokens, outputTokens }
  return { usage: counted, source: 'estimated', ...(reading?.outputUnread === true ? { outputUnread: true } : {}) }
}

interface Found {
  readonly reading: Reading | null
  readonly counted: CountedUsage
}

function settleJob(road: Road, { call }: JobEntry, { reading, counted }: Found): SettleEntry {
  const modelServed = bounded(reading?.model ?? call.modelRouted, longestModel)
  const priced = road.prices.priceCall({
    upstream: call.upstream,
    vendor: call.vendor,
    modelServed,
    modelRouted: call.modelRouted,
    endpoint: call.endpoint,
    serviceTier: reading?.serviceTier,
    atMs: call.startedAtMs,
    usage: counted.usage,
    usageSource: counted.source,
    outputUnread: counted.outputUnread === true,
  })
  return jobRecord({
    ...{ call, modelServed, priced, nowMs: road.clock.wallMs() },
    outcome: outcomeOf(reading),
    usageSource: counted.source,
    mark: backgroundJobMark,
    error: reading === null ? notFetched : (reading.error ?? { code: '', message: '' }),
  })
}

function outcomeOf(reading: Reading | null): Outcome {
  if (reading === null || reading.status === 'cancelled') return 'cancelled'
  return reading.status === 'failed' ? 'failed' : 'served'
}

const ofOneResponse = /^\/v1\/responses\/([^/]+)(?:\/cancel)?$/

function responseIdIn(path: string): string | null {
  const id = ofOneResponse.exec(path)?.[1]
  return id === undefined ? null : decodeURIComponent(id)
}
