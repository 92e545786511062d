import type { SettleEntry } from '#core/ledger/entry.ts'
import { type RecordFieldName, recordFieldNames } from '#core/ledger/record-fields.ts'
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

type FieldValue = string | number | boolean | null

/**
 * The row of a settled call as one line of JSONCompactEachRow, its values in the order of `usageColumns`. Amounts go
 * from integers to decimal text without ever being a float.
 *
 * @throws RowFault where a value does not fit its column.
 */
export function usageRow(entry: SettleEntry, origin: RowOrigin): string {
  const values = fieldValues(entry)
  const row: unknown[] = [time('timestamp', entry.call.startedAtMs), time('ended_at', entry.endedAtMs)]
  for (const name of recordFieldNames) row.push(values[name])
  row.push(
    entry.call.payer.tags,
    entry.units,
    entry.marks,
    entry.attempts.length === 0 ? '' : JSON.stringify(entry.attempts),
    origin.journalId,
    origin.blockNo,
    origin.entryNo,
  )
  return wellFormed(JSON.stringify(row))
}

/** Half a surrogate pair, which JSON writes as an escape, is not text to the engine: it becomes U+FFFD. */
function wellFormed(json: string): string {
  if (!json.includes('\\ud')) return json
  return json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) => (found.startsWith('\\ud') ? '\ufffd' : found))
}

function fieldValues(entry: SettleEntry): Record<RecordFieldName, FieldValue> {
  return { ...identity(entry), ...tokenValues(entry), ...costValues(entry), ...courseValues(entry) }
}

function identity(entry: SettleEntry) {
  const { call } = entry
  return {
    call_id: call.callId,
    request_id: call.requestId,
    department: call.payer.department,
    project: call.payer.project,
    cost_center: call.payer.costCenter,
    user_id: call.payer.userId,
    session_id: call.payer.sessionId,
    feature_flag: call.payer.featureFlag,
    request_path: call.payer.requestPath,
    api_key_id: call.keyId,
    provider: call.vendor,
    upstream: call.upstream,
    model: call.modelRouted || call.modelRequested,
    model_requested: call.modelRequested,
    model_served: entry.modelServed,
    endpoint: call.endpoint,
    stream: call.stream,
    prompt_hash: call.promptHash,
  }
}

function tokenValues({ tokens }: SettleEntry) {
  const input = count('input_tokens', tokens.input)
  const output = count('output_tokens', tokens.output)
  const write5m = count('cache_write_5m_tokens', tokens.cacheWrite5m)
  const write1h = count('cache_write_1h_tokens', tokens.cacheWrite1h)
  return {
    input_tokens: input,
    cached_input_tokens: count('cached_input_tokens', tokens.cachedInput),
    cache_write_tokens: write5m + write1h,
    cache_write_5m_tokens: write5m,
    cache_write_1h_tokens: write1h,
    output_tokens: output,
    reasoning_tokens: count('reasoning_tokens', tokens.reasoning),
    input_audio_tokens: count('input_audio_tokens', tokens.inputAudio),
    output_audio_tokens: count('output_audio_tokens', tokens.outputAudio),
    input_image_tokens: count('input_image_tokens', tokens.inputImage),
    output_image_tokens: count('output_image_tokens', tokens.outputImage),
    total_tokens: count('total_tokens', input + output),
  }
}

function costValues({ cost, usageSource }: SettleEntry) {
  const stated = cost.providerStatedPicoUsd
  return {
    cost_usd: amount('cost_usd', cost.totalPicoUsd),
    cost_input_usd: amount('cost_input_usd', cost.inputPicoUsd),
    cost_cached_input_usd: amount('cost_cached_input_usd', cost.cachedInputPicoUsd),
    cost_cache_write_usd: amount('cost_cache_write_usd', cost.cacheWritePicoUsd),
    cost_output_usd: amount('cost_output_usd', cost.outputPicoUsd),
    cost_other_usd: amount('cost_other_usd', cost.otherPicoUsd),
    provider_stated_cost_usd: stated === null ? null : amount('provider_stated_cost_usd', stated),
    billing_currency: cost.billingCurrency,
    billing_amount: amount('billing_amount', cost.billingPicoAmount),
    price_version: cost.priceVersion,
    unpriced: cost.unpriced,
    usage_source: usageSource,
  }
}

function courseValues(entry: SettleEntry) {
  const firstToken = entry.timeToFirstTokenMs
  return {
    outcome: entry.outcome,
    status_code: within('status_code', entry.statusCode, 65_535),
    error: isError(entry),
    error_code: entry.errorCode,
    error_message: entry.errorMessage,
    latency_ms: duration('latency_ms', entry.latencyMs),
    time_to_first_token_ms: firstToken === null ? null : duration('time_to_first_token_ms', firstToken),
    overhead_ms: duration('overhead_ms', entry.overheadMs),
    retries: within('retries', Math.max(0, entry.attempts.length - 1), 65_535),
    cache_hit: entry.cacheHit,
  }
}

/** What reports count as an error: the caller got no good answer, and not because the caller left. */
function isError(entry: SettleEntry): boolean {
  if (entry.outcome === 'served' || entry.outcome === 'cancelled') return entry.statusCode >= 400
  return true
}

/** Decimal(38, 12) ends below 10^26 USD. */
const largestPico = 10n ** 38n

function amount(field: string, pico: bigint): string {
  if (pico >= largestPico || pico <= -largestPico) throw new RowFault(field, String(pico), 'beyond 38 digits')
  return pico === 0n ? '0' : formatPico(pico)
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
  const text = new Date(ms).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 23)}`
}
