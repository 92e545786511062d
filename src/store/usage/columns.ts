import type { SettleEntry } from '#core/ledger/entry.ts'
import type { NativeColumn } from './native.ts'
import {
  count,
  flag,
  float,
  floatOrNull,
  instant,
  label,
  middleCount,
  money,
  moneyOrNull,
  numberMap,
  smallCount,
  text,
  textMap,
  texts,
} from './native-columns.ts'

/** A settled call, and which line of which journal it is. */
export interface UsageRow {
  readonly entry: SettleEntry
  readonly journalId: string
  readonly blockNo: number
  /** Counted from 0 within its block. */
  readonly entryNo: number
}

type Column = NativeColumn<UsageRow>

/**
 * The columns in which a settled call enters the store, each with what stands in it. Amounts are integers from the
 * journal to the engine. The fields of the record have their names (`recordFields`).
 */
export const usageColumns: readonly Column[] = [
  instant('timestamp', ({ entry }) => entry.call.startedAtMs),
  instant('ended_at', ({ entry }) => entry.endedAtMs),
  ...callColumns(),
  ...courseColumns(),
  ...tokenColumns(),
  ...costColumns(),
  label('journal_id', ({ journalId }) => journalId),
  count('journal_block', ({ blockNo }) => blockNo),
  middleCount('journal_entry', ({ entryNo }) => entryNo),
]

const checks = usageColumns.flatMap(({ check }) => check ?? [])

/** @throws ValueFault where a value does not fit its column: the entry cannot be a row of the store. */
export function checkRow(row: UsageRow): void {
  for (const check of checks) check(row)
}

function callColumns(): Column[] {
  return [
    text('call_id', ({ entry }) => entry.call.callId),
    text('request_id', ({ entry }) => entry.call.requestId),
    label('department', ({ entry }) => entry.call.payer.department),
    label('project', ({ entry }) => entry.call.payer.project),
    label('cost_center', ({ entry }) => entry.call.payer.costCenter),
    text('user_id', ({ entry }) => entry.call.payer.userId),
    text('session_id', ({ entry }) => entry.call.payer.sessionId),
    label('feature_flag', ({ entry }) => entry.call.payer.featureFlag),
    text('request_path', ({ entry }) => entry.call.payer.requestPath),
    textMap('tags', ({ entry }) => entry.call.payer.tags),
    label('api_key_id', ({ entry }) => entry.call.keyId),
    label('provider', ({ entry }) => entry.call.vendor),
    label('upstream', ({ entry }) => entry.call.upstream),
    label('model', ({ entry }) => entry.call.modelRouted || entry.call.modelRequested),
    label('model_requested', ({ entry }) => entry.call.modelRequested),
    label('model_served', ({ entry }) => entry.modelServed),
    label('endpoint', ({ entry }) => entry.call.endpoint),
    flag('stream', ({ entry }) => entry.call.stream),
    text('prompt_hash', ({ entry }) => entry.call.promptHash),
  ]
}

function courseColumns(): Column[] {
  return [
    label('outcome', ({ entry }) => entry.outcome),
    smallCount('status_code', ({ entry }) => entry.statusCode),
    flag('error', ({ entry }) => isError(entry)),
    label('error_code', ({ entry }) => entry.errorCode),
    text('error_message', ({ entry }) => entry.errorMessage),
    float('latency_ms', ({ entry }) => inMicroseconds(entry.latencyMs)),
    floatOrNull('time_to_first_token_ms', ({ entry }) =>
      entry.timeToFirstTokenMs === null ? null : inMicroseconds(entry.timeToFirstTokenMs),
    ),
    float('overhead_ms', ({ entry }) => inMicroseconds(entry.overheadMs)),
    text('attempts', ({ entry }) => (entry.attempts.length === 0 ? '' : JSON.stringify(entry.attempts))),
    smallCount('retries', ({ entry }) => Math.max(0, entry.attempts.length - 1)),
    flag('cache_hit', ({ entry }) => entry.cacheHit),
  ]
}

function tokenColumns(): Column[] {
  return [
    label('usage_source', ({ entry }) => entry.usageSource),
    count('input_tokens', ({ entry }) => entry.tokens.input),
    count('cached_input_tokens', ({ entry }) => entry.tokens.cachedInput),
    count('cache_write_tokens', ({ entry }) => entry.tokens.cacheWrite5m + entry.tokens.cacheWrite1h),
    count('cache_write_5m_tokens', ({ entry }) => entry.tokens.cacheWrite5m),
    count('cache_write_1h_tokens', ({ entry }) => entry.tokens.cacheWrite1h),
    count('output_tokens', ({ entry }) => entry.tokens.output),
    count('reasoning_tokens', ({ entry }) => entry.tokens.reasoning),
    count('input_audio_tokens', ({ entry }) => entry.tokens.inputAudio),
    count('output_audio_tokens', ({ entry }) => entry.tokens.outputAudio),
    count('input_image_tokens', ({ entry }) => entry.tokens.inputImage),
    count('output_image_tokens', ({ entry }) => entry.tokens.outputImage),
    count('total_tokens', ({ entry }) => entry.tokens.input + entry.tokens.output),
    numberMap('units', ({ entry }) => entry.units),
    texts('marks', ({ entry }) => entry.marks),
  ]
}

function costColumns(): Column[] {
  return [
    money('cost_usd', ({ entry }) => entry.cost.totalPicoUsd),
    money('cost_input_usd', ({ entry }) => entry.cost.inputPicoUsd),
    money('cost_cached_input_usd', ({ entry }) => entry.cost.cachedInputPicoUsd),
    money('cost_cache_write_usd', ({ entry }) => entry.cost.cacheWritePicoUsd),
    money('cost_output_usd', ({ entry }) => entry.cost.outputPicoUsd),
    money('cost_other_usd', ({ entry }) => entry.cost.otherPicoUsd),
    moneyOrNull('provider_stated_cost_usd', ({ entry }) => entry.cost.providerStatedPicoUsd),
    label('billing_currency', ({ entry }) => entry.cost.billingCurrency),
    money('billing_amount', ({ entry }) => entry.cost.billingPicoAmount),
    label('price_version', ({ entry }) => entry.cost.priceVersion),
    flag('unpriced', ({ entry }) => entry.cost.unpriced),
  ]
}

/** What reports count as an error: the caller got no good answer, and not because the caller left. */
function isError(entry: SettleEntry): boolean {
  if (entry.outcome === 'served' || entry.outcome === 'cancelled') return entry.statusCode >= 400
  return true
}

/** What a clock says beyond that is noise. */
function inMicroseconds(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000
}
