import type { EndpointName } from '#core/ledger/entry.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { generatesText } from '#providers/answers/formats.ts'
import { runsOn } from './background-jobs.ts'
import type { Delivery } from './delivery.ts'
import type { EndedCall } from './end-call.ts'
import type { CountedUsage } from './settle.ts'

/**
 * Counts tokens of text where no provider did. Asynchronous, because a tokenizer is large: it is loaded when it is
 * first needed, and must not hold up the calls beside this one.
 */
export interface TokenEstimator {
  /** Of a JSON request. */
  inputTokens(body: Buffer): Promise<number>
  outputTokens(text: string): Promise<number>
  /**
   * Tokens of a whole text, by OpenAI's current tokenizer. Null where it was not counted from its beginning to its end:
   * the two above then say something likely, on which nothing may rest that has to hold.
   */
  countText(text: string): Promise<number | null>
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
    !inputUnread(ended, usage) &&
    !outputUnread(ended, usage) &&
    !deniesOutput(delivery.reading) &&
    (usageFinal || (delivery.fault === null && (answer?.status ?? 0) >= 400))
  ) {
    return { usage, source: 'provider' }
  }
  if (usedNothing(ended)) return nothingCounted
  if (!countable.has(open.call.endpoint)) return { usage: usage ?? {}, source: 'none' }
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
    usage?.inputTokens || estimator.inputTokens(open.ask.body ?? Buffer.alloc(0)),
    estimator.outputTokens(delivery.reading.outputText),
  ])
  const reported = usage?.outputTokens ?? 0
  // What the provider counted at last stands beside the half that it did not.
  const keep = usage !== null && inputUnread(ended, usage) && delivery.reading.usageFinal && reported > 0
  const counted = {
    ...usage,
    inputTokens,
    outputTokens: keep ? reported : likelyOutput(delivery.reading, outputTokens),
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
  return countable.has(open.call.endpoint) && countsNothing(delivery.reading) ? null : delivery.reading.usage
}

function inputUnread({ open }: EndedCall, usage: ReportedUsage): boolean {
  return countable.has(open.call.endpoint) && leavesOutInput(usage)
}

function outputUnread({ open, delivery }: EndedCall, usage: ReportedUsage): boolean {
  const { endpoint } = open.call
  // Completions with `echo` show the prompt again, and of no output they report no count.
  if (endpoint === 'completions' && usage.inputTokens !== undefined && usage.inputTokens === usage.totalTokens)
    return false
  return generatesText(endpoint) && leavesOutOutput(usage, delivery.reading.outputText)
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

/** Output was delivered, or must have been by the total, of which the count could not be read. */
export function leavesOutOutput(usage: ReportedUsage, outputText: string): boolean {
  if (usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  if (usage.outputTokens !== undefined || usage.billedOutputTokens !== undefined) return false
  return outputText !== '' || restOfTotal(usage) > 0
}

/** What the total leaves for the output; 0 where it or the input is not known. */
function restOfTotal({ inputTokens, totalTokens }: ReportedUsage): number {
  return inputTokens === undefined || totalTokens === undefined ? 0 : Math.max(0, totalTokens - inputTokens)
}

/** Counts that are no whole numbers were not read, nor is a total alone a count: booked as such, the call were free. */
function countsNothing({ usage }: Delivery['reading']): boolean {
  if (usage === null || usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  if (usage.inputTokens !== undefined || usage.outputTokens !== undefined) return false
  return !Object.entries(usage).some(([name, value]) => typeof value === 'number' && name !== 'totalTokens')
}

/** True where the provider cannot have worked: it was not reached, it refused, sent elsewhere, or failed before any output. */
function usedNothing({ delivery, answer, attempts }: EndedCall): boolean {
  const { fault, reading } = delivery
  // Ended by us while the upstream was at work; a call that only waited to be retried had been turned down before.
  if (answer === null) return attempts.at(-1)?.errorCode !== 'aborted'
  if (answer.status >= 300) return true
  if (fault?.code === 'bad_answer' && reading.error !== null) return true
  return fault === null && reading.error !== null && reading.outputText === ''
}
