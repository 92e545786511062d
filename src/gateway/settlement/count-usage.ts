import type { ReportedUsage } from '#core/usage/reported.ts'
import { noBytes } from '#lib/no-bytes.ts'
import { runsOn } from '#providers/answers/openai-responses.ts'
import { countsNothing, isCountable, leavesOutInput, restOfTotal, tellsAll } from '#providers/answers/usage-gaps.ts'
import type { Delivery } from '../answer/delivery.ts'
import type { TokenEstimator } from '../road.ts'
import type { EndedCall } from './end-call.ts'
import type { CountedUsage } from './settle.ts'

const nothingCounted: CountedUsage = { usage: null, source: 'none' }

/**
 * The provider's own count wherever it is its last word, or nothing where nothing can have been used. Null: it has to
 * be estimated.
 */
export function reportedUsage(ended: EndedCall): CountedUsage | null {
  const { open, delivery, answer } = ended
  if (!open.arrival.match.metered) return nothingCounted
  const usage = usableOf(ended)
  const { usageFinal } = delivery.reading
  if (
    usage !== null &&
    tellsAll(open.call.endpoint, delivery.reading) &&
    (usageFinal || (delivery.fault === null && (answer?.status ?? 0) >= 400))
  ) {
    return { usage, source: 'provider' }
  }
  if (usedNothing(ended)) return nothingCounted
  if (!isCountable(open.call.endpoint)) return { usage: usage ?? {}, source: 'none' }
  // A background job has not run yet when its first answer comes: it is booked when its result is retrieved.
  return open.ask.facts.background && runsOn(delivery.reading) ? nothingCounted : null
}

/**
 * An answer that was cut off costs what was generated until then: what the provider had said of it, and at least what
 * was delivered.
 */
export async function estimatedUsage(estimator: TokenEstimator, ended: EndedCall): Promise<CountedUsage> {
  const { open, delivery } = ended
  const usage = usableOf(ended)
  const [inputTokens, outputTokens] = await Promise.all([
    usage?.inputTokens || estimator.inputTokens(open.ask.body ?? noBytes),
    estimator.outputTokens(delivery.reading.outputText),
  ])
  const reported = usage?.outputTokens ?? 0
  // What the provider counted at last stands beside the half that it did not.
  const keep = usage !== null && inputUnread(ended, usage) && delivery.reading.usageFinal && reported > 0
  const counted = {
    // Tools may have been counted where tokens were not.
    ...delivery.reading.usage,
    inputTokens,
    ...outputOf(delivery.reading.usage, keep ? reported : likelyOutput(delivery.reading, outputTokens)),
  }
  const { outputUnread } = delivery.reading
  const unreported = usage === null && endedByItself(ended)
  return {
    usage: counted,
    source: 'estimated',
    ...(outputUnread === undefined ? {} : { outputUnread }),
    ...(unreported ? { unreported } : {}),
  }
}

/** Passes are priced one by one: what none of those reported has is of the one that was under way. */
function outputOf(usage: ReportedUsage | null, outputTokens: number): ReportedUsage {
  const { iterations = [], outputTokens: reported = 0 } = usage ?? {}
  if (iterations.length === 0 || outputTokens <= reported) return { outputTokens }
  return { outputTokens, iterations: [...iterations, { outputTokens: outputTokens - reported }] }
}

/** Nothing kept the provider from saying what the call has used. */
function endedByItself({ open, delivery }: EndedCall): boolean {
  return delivery.fault === null && delivery.cut === null && !delivery.clientLeft && !open.control.interrupted
}

/** The greatest of what was delivered and what was said of it; where the total is the last word, what that leaves. */
export function likelyOutput({ usage, usageFinal }: Delivery['reading'], deliveredTokens: number): number {
  if (usage === null) return deliveredTokens
  const rest = restOfTotal(usage)
  if (usage.outputTokens === undefined && usageFinal && rest > 0) return rest
  const { reasoningTokens = 0, audioOutputTokens = 0, imageOutputTokens = 0 } = usage
  return Math.max(deliveredTokens, usage.outputTokens ?? rest, reasoningTokens + audioOutputTokens + imageOutputTokens)
}

/** What was reported, unless it counts nothing. */
function usableOf({ open, delivery }: EndedCall): ReportedUsage | null {
  const { usage } = delivery.reading
  return usage !== null && isCountable(open.call.endpoint) && countsNothing(usage) ? null : usage
}

function inputUnread({ open }: EndedCall, usage: ReportedUsage): boolean {
  return isCountable(open.call.endpoint) && leavesOutInput(usage)
}

/**
 * True where the provider cannot have worked: it was not reached, it refused, sent elsewhere, or failed before any
 * output and without a word of what was used. Anthropic counts the prompt before it can fail.
 */
function usedNothing(ended: EndedCall): boolean {
  const { delivery, answer, attempts } = ended
  const { fault, reading } = delivery
  // Ended by us while the upstream was at work; a call that only waited to be retried had been turned down before.
  if (answer === null) return attempts.at(-1)?.errorCode !== 'aborted'
  if (answer.status >= 300) return true
  if (fault?.code === 'bad_answer' && reading.error !== null) return true
  return fault === null && reading.error !== null && reading.outputText === '' && usableOf(ended) === null
}
