import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatPico } from '#core/money/usd-text.ts'

/** Where in which journal an entry stands. */
export interface RowOrigin {
  readonly journalId: string
  readonly blockNo: number
  /** Counted from 0 within its block. */
  readonly entryNo: number
}

/** The entry cannot be a row of the store: it goes to quarantine. */
export class RowFault extends Error {
  readonly code = 'row_invalid'

  constructor(field: string, value: unknown, expected: string) {
    super(`${field} is ${JSON.stringify(value)}: ${expected}`)
    this.name = 'RowFault'
  }
}

/**
 * The row of a settled call as one line of JSONCompactEachRow, its values in the order of `usageColumns`. Amounts go
 * from integers to decimal text without ever being a float. Put together by hand: it runs once for every call, and an
 * object for JSON.stringify takes three times as long.
 *
 * @throws RowFault where a value does not fit its column.
 */
export function usageRow(entry: SettleEntry, origin: RowOrigin): string {
  const { call } = entry
  const attempts = entry.attempts.length === 0 ? '""' : text(JSON.stringify(entry.attempts))
  return (
    `[${time('timestamp', call.startedAtMs)},${time('ended_at', entry.endedAtMs)},${callValues(entry)},` +
    `${tokenValues(entry)},${costValues(entry)},${courseValues(entry)},${record(call.payer.tags)},${record(entry.units)},` +
    `${entry.marks.length === 0 ? '[]' : wellFormed(JSON.stringify(entry.marks))},${attempts},` +
    `${text(origin.journalId)},${origin.blockNo},${origin.entryNo}]`
  )
}

function callValues(entry: SettleEntry): string {
  const { call } = entry
  const { payer } = call
  return [
    text(call.callId),
    text(call.requestId),
    text(payer.department),
    text(payer.project),
    text(payer.costCenter),
    text(payer.userId),
    text(payer.sessionId),
    text(payer.featureFlag),
    text(payer.requestPath),
    text(call.keyId),
    text(call.vendor),
    text(call.upstream),
    text(call.modelRouted || call.modelRequested),
    text(call.modelRequested),
    text(entry.modelServed),
    text(call.endpoint),
    call.stream,
    text(entry.outcome),
    within('status_code', entry.statusCode, largestUInt16),
    isError(entry),
    text(entry.errorCode),
    text(entry.errorMessage),
  ].join()
}

function tokenValues({ tokens }: SettleEntry): string {
  const input = count('input_tokens', tokens.input)
  const output = count('output_tokens', tokens.output)
  const write5m = count('cache_write_5m_tokens', tokens.cacheWrite5m)
  const write1h = count('cache_write_1h_tokens', tokens.cacheWrite1h)
  return [
    input,
    count('cached_input_tokens', tokens.cachedInput),
    write5m + write1h,
    write5m,
    write1h,
    output,
    count('reasoning_tokens', tokens.reasoning),
    count('input_audio_tokens', tokens.inputAudio),
    count('output_audio_tokens', tokens.outputAudio),
    count('input_image_tokens', tokens.inputImage),
    count('output_image_tokens', tokens.outputImage),
    count('total_tokens', input + output),
  ].join()
}

function costValues({ cost, usageSource }: SettleEntry): string {
  const stated = cost.providerStatedPicoUsd
  return [
    amount('cost_usd', cost.totalPicoUsd),
    amount('cost_input_usd', cost.inputPicoUsd),
    amount('cost_cached_input_usd', cost.cachedInputPicoUsd),
    amount('cost_cache_write_usd', cost.cacheWritePicoUsd),
    amount('cost_output_usd', cost.outputPicoUsd),
    amount('cost_other_usd', cost.otherPicoUsd),
    stated === null ? 'null' : amount('provider_stated_cost_usd', stated),
    text(cost.billingCurrency),
    amount('billing_amount', cost.billingPicoAmount),
    text(cost.priceVersion),
    cost.unpriced,
    text(usageSource),
  ].join()
}

function courseValues(entry: SettleEntry): string {
  const { call, timeToFirstTokenMs: firstToken } = entry
  return [
    duration('latency_ms', entry.latencyMs),
    firstToken === null ? 'null' : duration('time_to_first_token_ms', firstToken),
    duration('overhead_ms', entry.overheadMs),
    within('retries', Math.max(0, entry.attempts.length - 1), largestUInt16),
    entry.cacheHit,
    text(call.promptHash),
  ].join()
}

const plain = /^[ !#-[\]-~]*$/

function text(value: string): string {
  return plain.test(value) ? `"${value}"` : wellFormed(JSON.stringify(value))
}

function record(values: Readonly<Record<string, string | number>>): string {
  for (const _ in values) return wellFormed(JSON.stringify(values))
  return '{}'
}

/** Half a surrogate pair, which JSON writes as an escape, is not text to the engine: it becomes U+FFFD. */
function wellFormed(json: string): string {
  if (!json.includes('\\ud')) return json
  return json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) => (found.startsWith('\\ud') ? '\ufffd' : found))
}

/** What reports count as an error: the caller got no good answer, and not because the caller left. */
function isError(entry: SettleEntry): boolean {
  if (entry.outcome === 'served' || entry.outcome === 'cancelled') return entry.statusCode >= 400
  return true
}

const largestUInt16 = 65_535

/** Decimal(38, 12) ends below 10^26 USD. */
const largestPico = 10n ** 38n

function amount(field: string, pico: bigint): string {
  if (pico >= largestPico || pico <= -largestPico) throw new RowFault(field, String(pico), 'beyond 38 digits')
  return pico === 0n ? '"0"' : `"${formatPico(pico)}"`
}

function count(field: string, value: number): number {
  return within(field, value, Number.MAX_SAFE_INTEGER)
}

function within(field: string, value: number, largest: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= largest) return value
  throw new RowFault(field, value, `expected a whole number from 0 to ${largest}`)
}

/** To the microsecond: what a clock says beyond that is noise. */
function duration(field: string, value: number): number {
  if (Number.isFinite(value)) return Math.round(value * 1000) / 1000
  throw new RowFault(field, value, 'expected a finite number')
}

const earliestMs = Date.UTC(1970, 0, 1)
const latestMs = Date.UTC(2100, 0, 1)

/** ClickHouse's own form, in UTC: `2026-01-31 23:59:59.999`. The roll-ups' hours end with 2105. */
function time(field: string, ms: number): string {
  if (!(ms >= earliestMs && ms < latestMs)) throw new RowFault(field, ms, 'expected a time between 1970 and 2100')
  const iso = new Date(ms).toISOString()
  return `"${iso.slice(0, 10)} ${iso.slice(11, 23)}"`
}
