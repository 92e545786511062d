import { untimedMarks } from '#core/ledger/entry.ts'
import type { GroupKey, Sums, SumsAnswer, SumsQuestion, TimeBucket } from '#core/ledger/questions.ts'
import { type RecordFieldName, recordFields } from '#core/ledger/record-fields.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings, filterCondition, hoursWithin, recordsWithin } from './conditions.ts'

type Basis = SumsAnswer['basis']

/** What usage adds up to, by group and in total, both by the engine. @throws StoreFault */
export async function askSums(
  database: UsageDatabase,
  question: SumsQuestion,
  { basis, incompleteBeforeMs }: Pick<SumsAnswer, 'basis' | 'incompleteBeforeMs'>,
): Promise<SumsAnswer> {
  const bindings = new Bindings()
  const found = await database.select<SumsRow>(sumsStatement(question, basis, bindings), bindings.parameters)
  const rows = question.groupBy.length === 0 ? [] : found.filter((row) => row.is_total === 0)
  const total = found.find((row) => row.is_total === 1)
  return {
    rows: rows.slice(0, question.maxRows).map((row) => ({ group: row.groups, sums: sumsOf(row) })),
    total: total === undefined ? nothing : sumsOf(total),
    truncated: rows.length > question.maxRows,
    basis,
    incompleteBeforeMs,
  }
}

/** Whether the roll-ups know everything that is asked. */
export function hoursCanTell({ groupBy, filters }: SumsQuestion): boolean {
  const kept = (field: RecordFieldName) => recordFields[field].rollup
  return (
    groupBy.every((key) => 'bucket' in key || ('field' in key && kept(key.field))) &&
    filters.every(({ on }) => 'field' in on && kept(on.field))
  )
}

const summed = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost_usd',
] as const

interface SumsRow extends Record<`s_${(typeof summed)[number]}`, string> {
  readonly groups: readonly string[]
  readonly is_total: 0 | 1
  readonly s_requests: string
  readonly s_errors: string
  readonly s_unpriced: string
  readonly s_mean: number | null
  readonly s_quantiles: readonly (number | null)[]
}

/** Some records are of no call that took its time here. The roll-ups leave them out as well, when they are made. */
const hasLatency = `NOT hasAny(marks, [${untimedMarks.map((mark) => `'${mark}'`).join(', ')}])`

const measures: Readonly<Record<Basis, readonly string[]>> = {
  records: [
    'count() AS s_requests',
    'countIf(error) AS s_errors',
    'countIf(unpriced) AS s_unpriced',
    `avgIf(latency_ms, ${hasLatency}) AS s_mean`,
    `quantilesTDigestIf(0.5, 0.95, 0.99)(latency_ms, ${hasLatency}) AS s_quantiles`,
  ],
  hourly: [
    'sum(requests) AS s_requests',
    'sum(errors) AS s_errors',
    'sum(unpriced_requests) AS s_unpriced',
    'avgMerge(latency_mean) AS s_mean',
    'quantilesTDigestMerge(0.5, 0.95, 0.99)(latency_quantiles) AS s_quantiles',
  ],
}

function sumsStatement(question: SumsQuestion, basis: Basis, bindings: Bindings): string {
  const { groupBy, range, filters } = question
  const groups = groupBy.map((key) => groupExpression(key, question.timezone, bindings, basis))
  const names = groups.map((_, index) => `g${index}`)
  const within = basis === 'hourly' ? hoursWithin(range, bindings) : recordsWithin(range, bindings)
  const conditions = [within, ...filters.map((filter) => filterCondition(filter, bindings))]
  const [firstName] = names
  const grouping = firstName === undefined ? '' : `GROUP BY GROUPING SETS ((${names.join(', ')}), ())`
  const order = [
    'is_total DESC',
    ...names.filter((_, index) => 'bucket' in (groupBy[index] ?? {})),
    's_cost_usd DESC',
    's_requests DESC',
    ...names,
  ]
  return `
    SELECT
      [${names.map((name) => `toString(${name})`).join(', ')}]::Array(String) AS groups,
      ${groups.map((expression, index) => `${expression} AS g${index},`).join('\n      ')}
      ${firstName === undefined ? 'toUInt8(1)' : `toUInt8(grouping(${firstName}))`} AS is_total,
      ${summed.map((name) => `sum(${name}) AS s_${name}`).join(', ')},
      ${measures[basis].join(', ')}
    FROM ${basis === 'hourly' ? 'tollgate.usage_hourly' : 'tollgate.usage'}
    WHERE ${conditions.join(' AND ')}
    ${grouping}
    ORDER BY ${order.join(', ')}
    LIMIT ${question.maxRows + 2}`
}

/** Buckets come as numbers that sort: the Unix time of an hour, the date of a day, of a Monday, of a first of a month. */
function groupExpression(key: GroupKey, timezone: string, bindings: Bindings, basis: Basis): string {
  if ('tag' in key) return `tags[${bindings.text(key.tag)}]`
  if ('bucket' in key) {
    const time = basis === 'hourly' ? 'hour' : 'timestamp'
    return bucketExpression(key.bucket, time, bindings.text(timezone))
  }
  return recordFields[key.field].kind === 'text' ? key.field : `toString(${key.field})`
}

function bucketExpression(bucket: TimeBucket, time: string, timezone: string): string {
  switch (bucket) {
    case 'hour':
      return `toUnixTimestamp(toStartOfHour(${time}, ${timezone}))`
    case 'day':
      return `toDate(${time}, ${timezone})`
    case 'week':
      return `toMonday(${time}, ${timezone})`
    case 'month':
      return `toStartOfMonth(${time}, ${timezone})`
  }
}

function sumsOf(row: SumsRow): Sums {
  const [p50, p95, p99] = row.s_quantiles
  const known = row.s_requests !== '0' && row.s_mean !== null && p50 != null && p95 != null && p99 != null
  return {
    requests: row.s_requests,
    errors: row.s_errors,
    inputTokens: row.s_input_tokens,
    cachedInputTokens: row.s_cached_input_tokens,
    cacheWriteTokens: row.s_cache_write_tokens,
    outputTokens: row.s_output_tokens,
    reasoningTokens: row.s_reasoning_tokens,
    totalTokens: row.s_total_tokens,
    costUsd: row.s_cost_usd,
    unpricedRequests: row.s_unpriced,
    latencyMs: known ? { mean: row.s_mean, p50, p95, p99 } : null,
  }
}

const nothing: Sums = {
  requests: '0',
  errors: '0',
  inputTokens: '0',
  cachedInputTokens: '0',
  cacheWriteTokens: '0',
  outputTokens: '0',
  reasoningTokens: '0',
  totalTokens: '0',
  costUsd: '0',
  unpricedRequests: '0',
  latencyMs: null,
}
