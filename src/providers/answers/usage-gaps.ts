import type { EndpointName } from '#core/ledger/entry.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import type { Reading } from '#providers/meter.ts'
import { generatesText } from './formats.ts'

/** What a reading tells of an answer's use, and by what it is judged. */
type Told = Pick<Reading, 'usage' | 'outputText' | 'outputUnread'>

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

export function isCountable(endpoint: EndpointName): boolean {
  return countable.has(endpoint)
}

/** The report counts all that the answer must have used. Booked as it is, any other would be free, or half of it. */
export function tellsAll(endpoint: EndpointName, told: Told): boolean {
  const { usage } = told
  if (usage === null || deniesOutput(told)) return false
  if (isCountable(endpoint) && (countsNothing(usage) || leavesOutInput(usage))) return false
  return !outputUnread(endpoint, usage, told.outputText)
}

/** Counts that are no whole numbers were not read, nor is a total alone a count, or what tools did beside tokens. */
export function countsNothing(usage: ReportedUsage): boolean {
  if (usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  if (usage.inputTokens !== undefined || usage.outputTokens !== undefined) return false
  return !Object.entries(usage).some(
    ([name, value]) => typeof value === 'number' && name.endsWith('Tokens') && name !== 'totalTokens',
  )
}

/** Output without input: the count of the prompt could not be read, and no prompt is empty. */
export function leavesOutInput(usage: ReportedUsage): boolean {
  if (usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  return usage.inputTokens === undefined && usage.billedInputTokens === undefined && usage.outputTokens !== undefined
}

/** What the total leaves for the output; 0 where it or the input is not known. */
export function restOfTotal({ inputTokens, totalTokens }: ReportedUsage): number {
  return inputTokens === undefined || totalTokens === undefined ? 0 : Math.max(0, totalTokens - inputTokens)
}

/** A response that broke off may report zeros in spite of what it delivered, or thought. */
function deniesOutput({ usage, outputText, outputUnread }: Told): boolean {
  return (outputText !== '' || outputUnread === true) && usage?.inputTokens === 0 && usage.outputTokens === 0
}

/** Output was delivered, or must have been by the total, of which the count could not be read. */
function outputUnread(endpoint: EndpointName, usage: ReportedUsage, outputText: string): boolean {
  // Completions with `echo` show the prompt again, and of no output they report no count.
  if (endpoint === 'completions' && usage.inputTokens !== undefined && usage.inputTokens === usage.totalTokens)
    return false
  if (!generatesText(endpoint) || usage.providerCostUsd !== undefined || usage.iterations !== undefined) return false
  if (usage.outputTokens !== undefined || usage.billedOutputTokens !== undefined) return false
  return outputText !== '' || restOfTotal(usage) > 0
}
