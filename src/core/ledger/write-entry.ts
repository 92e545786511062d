import type { Payer } from '#core/attribution/payer.ts'
import { formatPico } from '#core/money/usd-text.ts'
import type { Cost } from '#core/pricing/cost.ts'
import type { Attempt, CallFacts, LedgerEntry, OpenEntry, SettleEntry, TokenTotals } from './entry.ts'
import { EntryFault } from './fault.ts'
import { LineWriter, type WrittenMembers } from './line-writer.ts'
import { type MemberName, member } from './member-name.ts'
import { traceLinkText } from './trace-link.ts'
import { MembersOfKeys } from './usual-members.ts'

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
  to.word(member.kind, entry.kind)
  writeCall(to, entry.call)
  if (entry.kind === 'open') writeOpen(to, entry)
  else writeSettle(to, entry)
  to.close()
}

function writeOpen(to: LineWriter, entry: OpenEntry): void {
  count(to, member.estimatedInputTokens, entry.estimatedInputTokens)
  text(to, member.responseId, entry.responseId ?? '')
  if (entry.batch !== undefined) {
    const batch = to.beginObject(member.batch)
    to.word(member.endpoint, entry.batch.endpoint)
    word(to, member.model, entry.batch.model)
    to.endObject(batch)
  }
  if (entry.trace !== undefined) to.text(member.trace, traceLinkText(entry.trace))
  if (entry.hold === undefined) return
  const start = to.beginObject(member.hold)
  // Also where it is nothing: an object without members is not written.
  to.amount(member.usd, entry.hold.picoUsd)
  count(to, member.tokens, entry.hold.tokens)
  to.endObject(start)
}

function writeSettle(to: LineWriter, entry: SettleEntry): void {
  to.number(member.endedAtMs, entry.endedAtMs)
  to.word(member.outcome, entry.outcome)
  if (entry.modelServed !== entry.call.modelRouted) to.word(member.modelServed, entry.modelServed)
  to.word(member.usageSource, entry.usageSource)
  writeTokens(to, entry.tokens)
  writeUnits(to, entry.units)
  writeCost(to, entry.cost)
  if (entry.marks.length > 0) to.json(member.marks, JSON.stringify(entry.marks))
  count(to, member.latencyMs, entry.latencyMs)
  if (entry.timeToFirstTokenMs !== null) to.number(member.timeToFirstTokenMs, entry.timeToFirstTokenMs)
  count(to, member.overheadMs, entry.overheadMs)
  count(to, member.statusCode, entry.statusCode)
  word(to, member.errorCode, entry.errorCode)
  text(to, member.errorMessage, entry.errorMessage)
  if (entry.attempts.length > 0) {
    to.member(member.attempts)
    writeAttempts(to, entry.attempts)
  }
  if (entry.cacheHit) to.flag(member.cacheHit)
  if (entry.trace !== undefined) to.text(member.trace, traceLinkText(entry.trace))
}

function writeCall(to: LineWriter, call: CallFacts): void {
  const { payer, route } = usualMembers.of(call)
  to.text(member.callId, call.callId)
  if (call.requestId !== call.callId) to.text(member.requestId, call.requestId)
  to.number(member.startedAtMs, call.startedAtMs)
  const start = to.end
  to.members(payer)
  writeOwnPayer(to, call.payer)
  to.endObject(start)
  to.members(route)
  text(to, member.promptHash, call.promptHash)
}

/** What calls say of their payer one by one. */
function writeOwnPayer(to: LineWriter, payer: Payer): void {
  text(to, member.userId, payer.userId)
  text(to, member.sessionId, payer.sessionId)
  word(to, member.featureFlag, payer.featureFlag)
  text(to, member.requestPath, payer.requestPath)
  if (hasMembers(payer.tags)) to.json(member.tags, JSON.stringify(payer.tags))
}

const usualMembers = new MembersOfKeys((call) => ({
  of: call,
  payer: membersOf((to) => writeUsualPayer(to, call.payer)),
  route: membersOf((to) => writeRoute(to, call)),
}))

function membersOf(write: (to: LineWriter) => void): WrittenMembers {
  const to = new LineWriter({ headroomBytes: 0, bytes: 512 })
  write(to)
  return to.membersFrom(0)
}

function writeUsualPayer(to: LineWriter, payer: Payer): void {
  to.beginObject(member.payer)
  word(to, member.department, payer.department)
  word(to, member.project, payer.project)
  word(to, member.costCenter, payer.costCenter)
}

function writeRoute(to: LineWriter, call: CallFacts): void {
  word(to, member.keyId, call.keyId)
  word(to, member.vendor, call.vendor)
  word(to, member.upstream, call.upstream)
  word(to, member.modelRequested, call.modelRequested)
  if (call.modelRouted !== call.modelRequested) to.word(member.modelRouted, call.modelRouted)
  to.word(member.endpoint, call.endpoint)
  if (call.stream) to.flag(member.stream)
}

function writeTokens(to: LineWriter, tokens: TokenTotals): void {
  const start = to.beginObject(member.tokens)
  count(to, member.input, tokens.input)
  count(to, member.cachedInput, tokens.cachedInput)
  count(to, member.cacheWrite5m, tokens.cacheWrite5m)
  count(to, member.cacheWrite1h, tokens.cacheWrite1h)
  count(to, member.output, tokens.output)
  count(to, member.reasoning, tokens.reasoning)
  count(to, member.inputAudio, tokens.inputAudio)
  count(to, member.outputAudio, tokens.outputAudio)
  count(to, member.inputImage, tokens.inputImage)
  count(to, member.outputImage, tokens.outputImage)
  to.endObject(start)
}

/** A unit counted as zero is kept: it is in the record because someone said so. */
function writeUnits(to: LineWriter, units: Readonly<Record<string, number>>): void {
  if (!hasMembers(units)) return
  for (const amount of Object.values(units)) {
    if (!Number.isFinite(amount)) throw new EntryFault('entry_field_invalid', 'units', `a unit is ${amount}`)
  }
  to.json(member.units, JSON.stringify(units))
}

function writeCost(to: LineWriter, cost: Cost): void {
  const start = to.beginObject(member.cost)
  amount(to, member.input, cost.inputPicoUsd)
  amount(to, member.cachedInput, cost.cachedInputPicoUsd)
  amount(to, member.cacheWrite, cost.cacheWritePicoUsd)
  amount(to, member.output, cost.outputPicoUsd)
  amount(to, member.other, cost.otherPicoUsd)
  amount(to, member.total, cost.totalPicoUsd)
  word(to, member.priceVersion, cost.priceVersion)
  if (cost.unpriced) to.flag(member.unpriced)
  if (cost.billingCurrency !== 'USD' || cost.billingPicoAmount !== cost.totalPicoUsd) {
    to.json(member.billing, JSON.stringify([cost.billingCurrency, formatPico(cost.billingPicoAmount)]))
  }
  if (cost.providerStatedPicoUsd !== null) to.amount(member.providerStated, cost.providerStatedPicoUsd)
  to.endObject(start)
}

/** The list alone, as it stands in a line. */
export function writeAttempts(to: LineWriter, attempts: readonly Attempt[]): void {
  to.beginArray()
  for (const attempt of attempts) {
    to.open()
    count(to, member.startedAfterMs, attempt.startedAfterMs)
    count(to, member.durationMs, attempt.durationMs)
    count(to, member.status, attempt.status)
    word(to, member.errorCode, attempt.errorCode)
    to.close()
  }
  to.endArray()
}

function text(to: LineWriter, name: MemberName, value: string): void {
  if (value !== '') to.text(name, value)
}

function word(to: LineWriter, name: MemberName, value: string): void {
  if (value !== '') to.word(name, value)
}

function count(to: LineWriter, name: MemberName, value: number): void {
  if (value !== 0) to.number(name, value)
}

function amount(to: LineWriter, name: MemberName, value: bigint): void {
  if (value !== 0n) to.amount(name, value)
}

function hasMembers(object: object): boolean {
  for (const _ in object) return true
  return false
}
