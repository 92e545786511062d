/**
 * How the values of a field compare and print. Filters take the value as text and are checked against it.
 * money: exact decimal text. flag: `true` or `false`.
 */
export type FieldKind = 'text' | 'count' | 'number' | 'money' | 'flag'

interface RecordField {
  readonly kind: FieldKind
  /** Whether reports group by it. */
  readonly group: boolean
  /** Whether the hourly roll-ups keep it: it adds up fast, and can be asked of times whose single records are gone. */
  readonly rollup: boolean
}

const kept = { kind: 'text', group: true, rollup: true } as const
const label = { kind: 'text', group: true, rollup: false } as const
const text = { kind: 'text', group: false, rollup: false } as const
const count = { kind: 'count', group: false, rollup: false } as const
const number = { kind: 'number', group: false, rollup: false } as const
const money = { kind: 'money', group: false, rollup: false } as const

/**
 * Every field of the usage record besides its times and its tags, under the one name that records, filters, reports
 * and exports use. The order is the one in which records show them.
 *
 * `provider` is who makes the model, `upstream` the configured name of who served it. `model` is what was asked for
 * after aliases and spelling were resolved, so that a dated variant named by the answer does not split a report;
 * `model_served` is what the answer named.
 */
export const recordFields = {
  call_id: text,
  request_id: { kind: 'text', group: true, rollup: false },
  department: kept,
  project: kept,
  cost_center: kept,
  user_id: label,
  session_id: label,
  feature_flag: kept,
  request_path: label,
  api_key_id: kept,
  provider: kept,
  upstream: kept,
  model: kept,
  model_requested: label,
  model_served: label,
  endpoint: kept,
  stream: { kind: 'flag', group: true, rollup: false },
  outcome: kept,
  status_code: { kind: 'count', group: true, rollup: true },
  error: { kind: 'flag', group: true, rollup: false },
  error_code: label,
  error_message: text,
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_tokens: count,
  cache_write_5m_tokens: count,
  cache_write_1h_tokens: count,
  output_tokens: count,
  reasoning_tokens: count,
  input_audio_tokens: count,
  output_audio_tokens: count,
  input_image_tokens: count,
  output_image_tokens: count,
  total_tokens: count,
  cost_usd: money,
  cost_input_usd: money,
  cost_cached_input_usd: money,
  cost_cache_write_usd: money,
  cost_output_usd: money,
  cost_other_usd: money,
  provider_stated_cost_usd: money,
  billing_currency: kept,
  billing_amount: money,
  price_version: label,
  unpriced: { kind: 'flag', group: true, rollup: false },
  usage_source: kept,
  latency_ms: number,
  time_to_first_token_ms: number,
  overhead_ms: number,
  retries: count,
  cache_hit: { kind: 'flag', group: true, rollup: false },
  prompt_hash: label,
} as const satisfies Record<string, RecordField>

export type RecordFieldName = keyof typeof recordFields

export const recordFieldNames = Object.keys(recordFields) as readonly RecordFieldName[]

export function isRecordField(name: string): name is RecordFieldName {
  return Object.hasOwn(recordFields, name)
}

/** The fields that reports group by. */
export const groupFieldNames = recordFieldNames.filter((name) => recordFields[name].group)
