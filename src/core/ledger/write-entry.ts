import type { Payer } from '#core/attribution/payer.ts'
import { formatPico } from '#core/money/usd-text.ts'
import type { Cost } from '#core/pricing/cost.ts'
import type { Attempt, CallFacts, LedgerEntry, OpenEntry, SettleEntry, TokenTotals } from './entry.ts'
import { EntryFault } from './fault.ts'
import type { LineWriter } from './line-writer.ts'
import { traceLinkText } from './trace-link.ts'

/**
 * Writes one line of JSON, without its line end, from which `decodeEntry` makes an equal entry. Pure but for the writer.
 *
 * What has its usual value is left out: empty texts, zeros, empty objects, and names that repeat the one before
 * (routed = requested, served = routed). The kind and the call id always come first. Amounts are exact decimal texts.
 *
 * @throws EntryFault `entry_field_invalid` where a number is not finite, which JSON cannot say.
 */
export function writeEntry(to: LineWriter, entry: LedgerEntry): void {
  to.open()
  to.text('kind', entry.kind)
  writeCall(to, entry.call)
  if (entry.kind === 'open') writeOpen(to, entry)
  else writeSettle(to, entry)
  to.close()
}

function writeOpen(to: LineWriter, entry: OpenEntry): void {
  count(to, 'estimatedInputTokens', entry.estimatedInputTokens)
  text(to, 'responseId', entry.responseId ?? '')
  if (entry.trace !== undefined) to.text('trace', traceLinkText(entry.trace))
  if (entry.hold === undefined) return
  const start = to.beginObject('hold')
  // Also where it is nothing: an object without members is not written.
  to.amount('usd', entry.hold.picoUsd)
  count(to, 'tokens', entry.hold.tokens)
  to.endObject(start)
}

function writeSettle(to: LineWriter, entry: SettleEntry): void {
  to.number('endedAtMs', entry.endedAtMs)
  to.text('outcome', entry.outcome)
  if (entry.modelServed !== entry.call.modelRouted) to.text('modelServed', entry.modelServed)
  to.text('usageSource', entry.usageSource)
  writeTokens(to, entry.tokens)
  writeUnits(to, entry.units)
  writeCost(to, entry.cost)
  if (entry.marks.length > 0) to.json('marks', JSON.stringify(entry.marks))
  count(to, 'latencyMs', entry.latencyMs)
  if (entry.timeToFirstTokenMs !== null) to.number('timeToFirstTokenMs', entry.timeToFirstTokenMs)
  count(to, 'overheadMs', entry.overheadMs)
  count(to, 'statusCode', entry.statusCode)
  text(to, 'errorCode', entry.errorCode)
  text(to, 'errorMessage', entry.errorMessage)
  if (entry.attempts.length > 0) {
    to.member('attempts')
    writeAttempts(to, entry.attempts)
  }
  if (entry.cacheHit) to.flag('cacheHit')
  if (entry.trace !== undefined) to.text('trace', traceLinkText(entry.trace))
}

function writeCall(to: LineWriter, call: CallFacts): void {
  to.text('callId', call.callId)
  if (call.requestId !== call.callId) to.text('requestId', call.requestId)
  to.number('startedAtMs', call.startedAtMs)
  writePayer(to, call.payer)
  text(to, 'keyId', call.keyId)
  text(to, 'vendor', call.vendor)
  text(to, 'upstream', call.upstream)
  text(to, 'modelRequested', call.modelRequested)
  if (call.modelRouted !== call.modelRequested) to.text('modelRouted', call.modelRouted)
  to.text('endpoint', call.endpoint)
  if (call.stream) to.flag('stream')
  text(to, 'promptHash', call.promptHash)
}

function writePayer(to: LineWriter, payer: Payer): void {
  const start = to.beginObject('payer')
  text(to, 'department', payer.department)
  text(to, 'project', payer.project)
  text(to, 'costCenter', payer.costCenter)
  text(to, 'userId', payer.userId)
  text(to, 'sessionId', payer.sessionId)
  text(to, 'featureFlag', payer.featureFlag)
  text(to, 'requestPath', payer.requestPath)
  if (hasMembers(payer.tags)) to.json('tags', JSON.stringify(payer.tags))
  to.endObject(start)
}

function writeTokens(to: LineWriter, tokens: TokenTotals): void {
  const start = to.beginObject('tokens')
  count(to, 'input', tokens.input)
  count(to, 'cachedInput', tokens.cachedInput)
  count(to, 'cacheWrite5m', tokens.cacheWrite5m)
  count(to, 'cacheWrite1h', tokens.cacheWrite1h)
  count(to, 'output', tokens.output)
  count(to, 'reasoning', tokens.reasoning)
  count(to, 'inputAudio', tokens.inputAudio)
  count(to, 'outputAudio', tokens.outputAudio)
  count(to, 'inputImage', tokens.inputImage)
  count(to, 'outputImage', tokens.outputImage)
  to.endObject(start)
}

/** A unit counted as zero is kept: it is in the record because someone said so. */
function writeUnits(to: LineWriter, units: Readonly<Record<string, number>>): void {
  if (!hasMembers(units)) return
  for (const amount of Object.values(units)) {
    if (!Number.isFinite(amount)) throw new EntryFault('entry_field_invalid', 'units', `a unit is ${amount}`)
  }
  to.json('units', JSON.stringify(units))
}

function writeCost(to: LineWriter, cost: Cost): void {
  const start = to.beginObject('cost')
  amount(to, 'input', cost.inputPicoUsd)
  amount(to, 'cachedInput', cost.cachedInputPicoUsd)
  amount(to, 'cacheWrite', cost.cacheWritePicoUsd)
  amount(to, 'output', cost.outputPicoUsd)
  amount(to, 'other', cost.otherPicoUsd)
  amount(to, 'total', cost.totalPicoUsd)
  text(to, 'priceVersion', cost.priceVersion)
  if (cost.unpriced) to.flag('unpriced')
  if (cost.billingCurrency !== 'USD' || cost.billingPicoAmount !== cost.totalPicoUsd) {
    to.json('billing', JSON.stringify([cost.billingCurrency, formatPico(cost.billingPicoAmount)]))
  }
  if (cost.providerStatedPicoUsd !== null) to.amount('providerStated', cost.providerStatedPicoUsd)
  to.endObject(start)
}

/** The list alone, as it stands in a line. */
export function writeAttempts(to: LineWriter, attempts: readonly Attempt[]): void {
  to.beginArray()
  for (const attempt of attempts) {
    to.open()
    count(to, 'startedAfterMs', attempt.startedAfterMs)
    count(to, 'durationMs', attempt.durationMs)
    count(to, 'status', attempt.status)
    text(to, 'errorCode', attempt.errorCode)
    to.close()
  }
  to.endArray()
}

function text(to: LineWriter, name: string, value: string): void {
  if (value !== '') to.text(name, value)
}

function count(to: LineWriter, name: string, value: number): void {
  if (value !== 0) to.number(name, value)
}

function amount(to: LineWriter, name: string, value: bigint): void {
  if (value !== 0n) to.amount(name, value)
}

function hasMembers(object: object): boolean {
  for (const _ in object) return true
  return false
}
