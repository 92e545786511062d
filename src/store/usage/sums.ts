import type { Sums, SumsAnswer, SumsQuestion } from '#core/ledger/questions.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings } from './conditions.ts'
import { type SumsSource, sumsStatement } from './sums-statement.ts'

/** What usage adds up to, by group and in total, both by the engine. @throws StoreFault */
export async function askSums(
  database: UsageDatabase,
  question: SumsQuestion,
  { source, incompleteBeforeMs }: { source: SumsSource } & Pick<SumsAnswer, 'incompleteBeforeMs'>,
): Promise<SumsAnswer> {
  const bindings = new Bindings()
  const found = await database.select<SumsRow>(sumsStatement(question, source, bindings), bindings.parameters)
  const rows = question.groupBy.length === 0 ? [] : found.filter((row) => row.is_total === 0)
  const total = found.find((row) => row.is_total === 1)
  return {
    rows: rows.slice(0, question.maxRows).map((row) => ({ group: row.groups, sums: sumsOf(row) })),
    total: total === undefined ? nothing : sumsOf(total),
    truncated: rows.length > question.maxRows,
    basis: source === 'hourly' ? 'hourly' : 'records',
    incompleteBeforeMs,
  }
}

interface SumsRow {
  readonly groups: readonly string[]
  readonly is_total: 0 | 1
  readonly s_requests: string
  readonly s_errors: string
  readonly s_unpriced: string
  readonly s_input_tokens: string
  readonly s_cached_input_tokens: string
  readonly s_cache_write_tokens: string
  readonly s_output_tokens: string
  readonly s_reasoning_tokens: string
  readonly s_total_tokens: string
  readonly s_cost_usd: string
  readonly s_mean: number | null
  /** Absent where they were not asked for. */
  readonly s_quantiles?: readonly (number | null)[]
}

function sumsOf(row: SumsRow): Sums {
  const [p50, p95, p99] = row.s_quantiles ?? []
  const percentiles = p50 != null && p95 != null && p99 != null ? { p50, p95, p99 } : null
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
    latencyMs: row.s_requests === '0' || row.s_mean === null ? null : { mean: row.s_mean, percentiles },
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
