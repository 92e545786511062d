import { encodeAttempts } from '#core/ledger/codec.ts'
import { outcomes, type SettleEntry } from '#core/ledger/entry.ts'
import { lineFields as at, firstTag } from '#core/ledger/settle-fields.ts'
import type { NativeColumn } from './native.ts'
import {
  count,
  flag,
  float,
  floatOrNull,
  instant,
  label,
  latestMs,
  middleCount,
  money,
  moneyOrNull,
  numberMap,
  smallCount,
  text,
  textMap,
  texts,
} from './native-columns.ts'
import type { UsageLine, UsageRow } from './usage-row.ts'

/**
 * The columns in which a settled call enters the store, each with what stands in it. Amounts are integers from the
 * journal to the engine. The fields of the record have their names (`recordFields`).
 */
export const usageColumns: readonly NativeColumn[] = [
  instant('timestamp', ({ entry }) => entry.call.startedAtMs, at.startedAtMs),
  instant('ended_at', ({ entry }) => entry.endedAtMs, at.endedAtMs),
  ...callColumns(),
  ...courseColumns(),
  ...tokenColumns(),
  ...costColumns(),
  label(
    'journal_id',
    ({ journalId }) => journalId,
    ({ journalId }) => journalId,
  ),
  count(
    'journal_block',
    ({ blockNo }) => blockNo,
    ({ blockNo }) => blockNo,
  ),
  middleCount(
    'journal_entry',
    ({ entryNo }) => entryNo,
    ({ entryNo }) => entryNo,
  ),
]

const checks = usageColumns.flatMap(({ check }) => check ?? [])

/** @throws ValueFault where a value does not fit its column: the entry cannot be a row of the store. */
export function checkRow(row: UsageRow): void {
  for (const check of checks) check(row)
}

/** Whether the values of a line, which are whole numbers of at most 15 digits, fit their columns. */
export function fitsColumns({ values }: UsageLine): boolean {
  const [startedAtMs = latestMs, endedAtMs = latestMs] = [values[at.startedAtMs], values[at.endedAtMs]]
  return startedAtMs < latestMs && endedAtMs < latestMs && (values[at.statusCode] ?? 0) <= 65_535
}

function callColumns(): NativeColumn[] {
  return [
    text('call_id', ({ entry }) => entry.call.callId, at.callId),
    text('request_id', ({ entry }) => entry.call.requestId, at.requestId),
    label('department', ({ entry }) => entry.call.payer.department, at.department),
    label('project', ({ entry }) => entry.call.payer.project, at.project),
    label('cost_center', ({ entry }) => entry.call.payer.costCenter, at.costCenter),
    text('user_id', ({ entry }) => entry.call.payer.userId, at.userId),
    text('session_id', ({ entry }) => entry.call.payer.sessionId, at.sessionId),
    label('feature_flag', ({ entry }) => entry.call.payer.featureFlag, at.featureFlag),
    text('request_path', ({ entry }) => entry.call.payer.requestPath, at.requestPath),
    textMap('tags', ({ entry }) => entry.call.payer.tags, { count: at.tags, first: firstTag }),
    label('api_key_id', ({ entry }) => entry.call.keyId, at.keyId),
    label('provider', ({ entry }) => entry.call.vendor, at.vendor),
    label('upstream', ({ entry }) => entry.call.upstream, at.upstream),
    label('model', ({ entry }) => entry.call.modelRouted || entry.call.modelRequested, at.modelRouted),
    label('model_requested', ({ entry }) => entry.call.modelRequested, at.modelRequested),
    label('model_served', ({ entry }) => entry.modelServed, at.modelServed),
    label('endpoint', ({ entry }) => entry.call.endpoint, at.endpoint),
    flag('stream', ({ entry }) => entry.call.stream, at.stream),
    text('prompt_hash', ({ entry }) => entry.call.promptHash, at.promptHash),
  ]
}

function courseColumns(): NativeColumn[] {
  return [
    label('outcome', ({ entry }) => entry.outcome, at.outcome),
    smallCount(
      'status_code',
      ({ entry }) => entry.statusCode,
      (line) => numberAt(line, at.statusCode),
    ),
    flag('error', ({ entry }) => isError(entry), isErrorLine),
    label('error_code', ({ entry }) => entry.errorCode, at.errorCode),
    text('error_message', ({ entry }) => entry.errorMessage, at.errorMessage),
    float(
      'latency_ms',
      ({ entry }) => inMicroseconds(entry.latencyMs),
      (line) => inMicroseconds(numberAt(line, at.latencyMs)),
    ),
    floatOrNull(
      'time_to_first_token_ms',
      ({ entry }) => (entry.timeToFirstTokenMs === null ? null : inMicroseconds(entry.timeToFirstTokenMs)),
      (line) =>
        line.starts[at.timeToFirstTokenMs] === 0 ? null : inMicroseconds(numberAt(line, at.timeToFirstTokenMs)),
    ),
    float(
      'overhead_ms',
      ({ entry }) => inMicroseconds(entry.overheadMs),
      (line) => inMicroseconds(numberAt(line, at.overheadMs)),
    ),
    text('attempts', ({ entry }) => encodeAttempts(entry.attempts), at.attempts),
    smallCount(
      'retries',
      ({ entry }) => Math.max(0, entry.attempts.length - 1),
      (line) => Math.max(0, numberAt(line, at.attempts) - 1),
    ),
    flag('cache_hit', ({ entry }) => entry.cacheHit, at.cacheHit),
  ]
}

function tokenColumns(): NativeColumn[] {
  return [
    label('usage_source', ({ entry }) => entry.usageSource, at.usageSource),
    count('input_tokens', ({ entry }) => entry.tokens.input, at.input),
    count('cached_input_tokens', ({ entry }) => entry.tokens.cachedInput, at.cachedInput),
    count(
      'cache_write_tokens',
      ({ entry }) => entry.tokens.cacheWrite5m + entry.tokens.cacheWrite1h,
      (line) => numberAt(line, at.cacheWrite5m) + numberAt(line, at.cacheWrite1h),
    ),
    count('cache_write_5m_tokens', ({ entry }) => entry.tokens.cacheWrite5m, at.cacheWrite5m),
    count('cache_write_1h_tokens', ({ entry }) => entry.tokens.cacheWrite1h, at.cacheWrite1h),
    count('output_tokens', ({ entry }) => entry.tokens.output, at.output),
    count('reasoning_tokens', ({ entry }) => entry.tokens.reasoning, at.reasoning),
    count('input_audio_tokens', ({ entry }) => entry.tokens.inputAudio, at.inputAudio),
    count('output_audio_tokens', ({ entry }) => entry.tokens.outputAudio, at.outputAudio),
    count('input_image_tokens', ({ entry }) => entry.tokens.inputImage, at.inputImage),
    count('output_image_tokens', ({ entry }) => entry.tokens.outputImage, at.outputImage),
    count(
      'total_tokens',
      ({ entry }) => entry.tokens.input + entry.tokens.output,
      (line) => numberAt(line, at.input) + numberAt(line, at.output),
    ),
    numberMap('units', ({ entry }) => entry.units),
    texts('marks', ({ entry }) => entry.marks),
  ]
}

function costColumns(): NativeColumn[] {
  return [
    money('cost_usd', ({ entry }) => entry.cost.totalPicoUsd, at.totalCost),
    money('cost_input_usd', ({ entry }) => entry.cost.inputPicoUsd, at.inputCost),
    money('cost_cached_input_usd', ({ entry }) => entry.cost.cachedInputPicoUsd, at.cachedInputCost),
    money('cost_cache_write_usd', ({ entry }) => entry.cost.cacheWritePicoUsd, at.cacheWriteCost),
    money('cost_output_usd', ({ entry }) => entry.cost.outputPicoUsd, at.outputCost),
    money('cost_other_usd', ({ entry }) => entry.cost.otherPicoUsd, at.otherCost),
    moneyOrNull('provider_stated_cost_usd', ({ entry }) => entry.cost.providerStatedPicoUsd, at.providerStated),
    label('billing_currency', ({ entry }) => entry.cost.billingCurrency, billingCurrencyOf),
    money('billing_amount', ({ entry }) => entry.cost.billingPicoAmount, at.billingAmount),
    label('price_version', ({ entry }) => entry.cost.priceVersion, at.priceVersion),
    flag('unpriced', ({ entry }) => entry.cost.unpriced, at.unpriced),
  ]
}

/** What reports count as an error: the caller got no good answer, and not because the caller left. */
function isError(entry: SettleEntry): boolean {
  if (entry.outcome === 'served' || entry.outcome === 'cancelled') return entry.statusCode >= 400
  return true
}

function billingCurrencyOf({ bytes, starts, ends }: UsageLine): string {
  const start = starts[at.billingCurrency]
  return start === 0 ? 'USD' : bytes.toString('utf8', start, ends[at.billingCurrency])
}

const goodOutcomes = (['served', 'cancelled'] as const).map((name) => outcomes.indexOf(name))

/** The same from a line. */
function isErrorLine(line: UsageLine): boolean {
  return !goodOutcomes.includes(numberAt(line, at.outcome)) || numberAt(line, at.statusCode) >= 400
}

function numberAt(line: UsageLine, slot: number): number {
  return line.values[slot] ?? 0
}

/** What a clock says beyond that is noise. */
function inMicroseconds(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000
}
