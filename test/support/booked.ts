import assert from 'node:assert/strict'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatPico, formatUsd } from '#core/money/usd-text.ts'
import type { BillEntry } from '#simulator/bill.ts'
import type { Stack } from './stack.ts'

/** What the record of a call is to say. What is left out is as of a call that was served and reported its usage. */
export interface Expected {
  readonly endpoint: SettleEntry['call']['endpoint']
  readonly stream?: boolean
  readonly usageSource?: SettleEntry['usageSource']
  readonly outcome?: SettleEntry['outcome']
  readonly statusCode?: number
  readonly errorCode?: string
  readonly attempts?: number
  readonly requestId?: string
  readonly department?: string
  /** False where the provider bills what it does not report, so that nobody can know it. */
  readonly sameCost?: boolean
}

export interface Booked<T> {
  readonly answer: T
  readonly entry: SettleEntry
  /** The last line that the call left on the bill; null where it never got there. */
  readonly billed: BillEntry | null
}

/** Makes one call and checks that it became one record, equal to what the provider bills for it. */
export async function booked<T>(stack: Stack, expected: Expected, call: () => Promise<T>): Promise<Booked<T>> {
  const knownCalls = new Set((await stack.ledger()).map((entry) => entry.call.callId))
  const billedBefore = stack.bill().length
  const answer = await call()
  const entries = (await stack.ledger()).filter((entry) => !knownCalls.has(entry.call.callId))
  const lines = stack.bill().slice(billedBefore)
  const [entry] = entries
  assert.ok(entry !== undefined && entries.length === 1, `one record, not ${entries.length}`)
  const billed = lines.at(-1) ?? null
  checkFacts(entry, expected)
  if (billed !== null && expected.sameCost !== false) checkAmounts(entry, lines, billed)
  return { answer, entry, billed }
}

function checkFacts(entry: SettleEntry, expected: Expected): void {
  const { call } = entry
  const said = {
    endpoint: call.endpoint,
    stream: call.stream,
    usageSource: entry.usageSource,
    outcome: entry.outcome,
    statusCode: entry.statusCode,
    errorCode: entry.errorCode,
    attempts: entry.attempts.length,
    requestId: call.requestId,
    department: call.payer.department,
  }
  const wanted: Required<Omit<Expected, 'sameCost'>> = {
    endpoint: expected.endpoint,
    stream: expected.stream ?? false,
    usageSource: expected.usageSource ?? 'provider',
    outcome: expected.outcome ?? 'served',
    statusCode: expected.statusCode ?? 200,
    errorCode: expected.errorCode ?? '',
    attempts: expected.attempts ?? 1,
    requestId: expected.requestId ?? call.callId,
    department: expected.department ?? 'engineering',
  }
  assert.deepEqual(said, wanted)
  const { cost } = entry
  const parts = cost.inputPicoUsd + cost.cachedInputPicoUsd + cost.cacheWritePicoUsd
  assert.equal(formatPico(parts + cost.outputPicoUsd + cost.otherPicoUsd), formatUsd(cost.totalPicoUsd))
}

/** Counts and cost to the last digit: of all attempts together, since the provider may bill more than the last. */
export function checkAmounts(entry: SettleEntry, lines: readonly BillEntry[], billed: BillEntry): void {
  const { counts } = billed
  assert.deepEqual(entry.tokens, {
    input: counts.inputTokens,
    cachedInput: counts.cachedInputTokens,
    cacheWrite5m: counts.cacheWrite5mTokens,
    cacheWrite1h: counts.cacheWrite1hTokens,
    output: counts.outputTokens,
    reasoning: counts.reasoningTokens,
    inputAudio: counts.audioInputTokens,
    outputAudio: counts.audioOutputTokens,
    inputImage: counts.imageInputTokens,
    outputImage: counts.imageOutputTokens,
  })
  assert.equal(entry.units['web_search'] ?? 0, counts.webSearches)
  assert.equal(entry.units['audio_second'] ?? 0, counts.audioSeconds)
  const unpriced = billed.costPicoUsd === null
  assert.equal(entry.cost.unpriced, unpriced)
  const total = lines.reduce((sum, line) => sum + (line.costPicoUsd ?? 0n), 0n)
  assert.equal(formatUsd(entry.cost.totalPicoUsd), formatPico(total))
  if (billed.modelServed !== '') assert.equal(entry.modelServed, billed.modelServed)
}
