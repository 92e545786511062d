import type { Attempt, EndpointName } from '#core/ledger/entry.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { runsOn } from './background-jobs.ts'
import type { Delivery } from './delivery.ts'
import type { OpenCall } from './open-call.ts'
import type { CountedUsage } from './settle.ts'

/**
 * Counts tokens of text where no provider did. Asynchronous, because a tokenizer is large: it is loaded when it is
 * first needed, and must not hold up the calls beside this one.
 */
export interface TokenEstimator {
  /** Of a JSON request. */
  inputTokens(body: Buffer): Promise<number>
  outputTokens(text: string): Promise<number>
}

export interface AnsweredCall {
  readonly open: OpenCall
  readonly delivery: Delivery
  /** Null where no upstream answered. */
  readonly upstreamStatus: number | null
  readonly lastAttempt: Attempt | undefined
}

const nothingCounted: CountedUsage = { usage: null, source: 'none' }

/** APIs whose usage is text in and text out, so that it can be counted from the two. */
const countable: ReadonlySet<EndpointName> = new Set([
  'chat.completions',
  'completions',
  'responses',
  'messages',
  'generateContent',
  'embeddings',
  'embedContent',
])

/**
 * The provider's own count wherever it is its last word. An answer that was cut off costs what was generated until
 * then: what the provider had said of it, and at least what was delivered. A call that got no answer, or a refusal,
 * used nothing that anybody could know.
 */
export async function countUsage(estimator: TokenEstimator, answered: AnsweredCall): Promise<CountedUsage> {
  const { open, delivery, upstreamStatus } = answered
  if (!open.arrival.match.metered) return nothingCounted
  const { usageFinal } = delivery.reading
  const usage = countable.has(open.call.endpoint) && countsNothing(delivery.reading) ? null : delivery.reading.usage
  const inputUnread = countable.has(open.call.endpoint) && usage !== null && leavesOutInput(usage)
  if (
    usage !== null &&
    !inputUnread &&
    !deniesOutput(delivery.reading) &&
    (usageFinal || (delivery.fault === null && (upstreamStatus ?? 0) >= 400))
  ) {
    return { usage, source: 'provider' }
  }
  if (usedNothing(answered)) return nothingCounted
  if (!countable.has(open.call.endpoint)) return { usage: usage ?? {}, source: 'none' }
  // A background job has not run yet when its first answer comes: it is booked when its result is retrieved.
  if (open.ask.facts.background && runsOn(delivery.reading)) return nothingCounted
  const [inputTokens, outputTokens] = await Promise.all([
    usage?.inputTokens || estimator.inputTokens(open.ask.body ?? Buffer.alloc(0)),
    estimator.outputTokens(delivery.reading.outputText),
  ])
  const reported = usage?.outputTokens ?? 0
  // What the provider counted at last stands beside the half that it did not.
  const output = inputUnread && usageFinal && reported > 0 ? reported : Math.max(reported, outputTokens)
  const counted = { ...usage, inputTokens, outputTokens: output }
  return { usage: counted, source: 'estimated' }
}

/** A broken-off Responses call may report zeros in spite of what it delivered. */
function deniesOutput({ usage, outputText }: Delivery['reading']): boolean {
  return outputText !== '' && usage?.inputTokens === 0 && usage.outputTokens === 0
}

/** Output without input: the count of the prompt could not be read, and no prompt is empty. */
function leavesOutInput(usage: ReportedUsage): boolean {
  if (usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  return usage.inputTokens === undefined && usage.billedInputTokens === undefined && usage.outputTokens !== undefined
}

/** Counts that are no whole numbers were not read, nor is a total alone a count: booked as such, the call were free. */
function countsNothing({ usage }: Delivery['reading']): boolean {
  if (usage === null || usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  return !Object.entries(usage).some(([name, value]) => typeof value === 'number' && name !== 'totalTokens')
}

/** True where the provider cannot have worked: it was not reached, it refused, sent elsewhere, or failed before any output. */
function usedNothing({ delivery, upstreamStatus, lastAttempt }: AnsweredCall): boolean {
  const { fault, reading } = delivery
  // Ended by us while the upstream was at work; a call that only waited to be retried had been turned down before.
  if (upstreamStatus === null) return lastAttempt?.errorCode !== 'aborted'
  if (upstreamStatus >= 300) return true
  if (fault?.code === 'bad_answer' && reading.error !== null) return true
  return fault === null && reading.error !== null && reading.outputText === ''
}
