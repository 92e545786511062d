import type { GroupKey, RecordFilter, Sums, SumsAnswer, TimeRange } from '#core/ledger/questions.ts'
import { recordFields } from '#core/ledger/record-fields.ts'
import type { UsageStore } from '#ports.ts'
import { cursorText, readCursorText } from './cursor.ts'
import { ParameterFault } from './fault.ts'
import type { NamedGroup } from './fields.ts'
import { zonedText } from './times.ts'

interface CostsQuestion {
  readonly range: TimeRange
  readonly groups: readonly NamedGroup[]
  readonly filters: readonly RecordFilter[]
  readonly timezone: string
  readonly maxRows: number
  /** By time and cost, or in the order of the groups, which has pages. */
  readonly order: 'cost' | 'group'
  /** Of the page before; null = from the first group on. */
  readonly cursor: string | null
}

/** Sums as the API shows them. Money is exact decimal text in USD, counts are numbers. */
export interface ShownSums {
  readonly requests: number
  readonly errors: number
  readonly input_tokens: number
  readonly cached_input_tokens: number
  readonly cache_write_tokens: number
  readonly output_tokens: number
  readonly reasoning_tokens: number
  readonly total_tokens: number
  readonly cost_usd: string
  readonly unpriced_requests: number
  readonly latency_ms: {
    readonly mean: number
    readonly p50: number
    readonly p95: number
    readonly p99: number
  } | null
}

type GroupValue = string | number | boolean

export interface CostsReport {
  readonly from: string
  readonly to: string
  readonly timezone: string
  readonly currency: 'USD'
  readonly group_by: readonly string[]
  readonly rows: readonly (ShownSums & Readonly<Record<string, unknown>>)[]
  readonly total: ShownSums
  /** True where there are more groups than rows; the total counts them all. */
  readonly truncated: boolean
  /** For the page after this one, of rows in the order of their groups; null at the end. */
  readonly next_cursor: string | null
  readonly basis: SumsAnswer['basis']
  /** Null, or: single records before this time are gone, and only they could have answered. */
  readonly incomplete_before: string | null
}

/** What usage cost, by any fields, and in total. */
export async function costsReport(store: UsageStore, question: CostsQuestion): Promise<CostsReport> {
  const { range, groups, filters, timezone, maxRows, order, cursor } = question
  if (cursor !== null && order !== 'group') throw new ParameterFault('cursor', cursor, 'order=group beside it')
  const answer = await store.sums({
    range,
    groupBy: groups.map(({ key }) => key),
    filters,
    timezone,
    percentiles: true,
    maxRows,
    ...(order === 'cost' ? {} : { afterGroup: cursor === null ? [] : readCursor(cursor, groups.length) }),
  })
  const last = answer.rows.at(-1)
  return {
    from: zonedText(range.fromMs, timezone),
    to: zonedText(range.toMs, timezone),
    timezone,
    currency: 'USD',
    group_by: groups.map(({ name }) => name),
    rows: answer.rows.map(({ group, sums }) => ({
      ...Object.fromEntries(
        groups.map(({ name, key }, index) => [name, groupValue(key, group[index] ?? '', timezone)]),
      ),
      ...shownSums(sums),
    })),
    total: shownSums(answer.total),
    truncated: answer.truncated,
    next_cursor: order === 'group' && answer.truncated && last !== undefined ? cursorText(last.group) : null,
    basis: answer.basis,
    incomplete_before: answer.incompleteBeforeMs === null ? null : zonedText(answer.incompleteBeforeMs, timezone),
  }
}

function readCursor(text: string, length: number): readonly string[] {
  const group = readCursorText(text)
  const isGroup = Array.isArray(group) && group.length === length
  if (isGroup && group.every((part): part is string => typeof part === 'string')) return group
  throw new ParameterFault('cursor', text, 'a cursor of an earlier answer to the same question')
}

/** Hours with their offset, days and Mondays as dates, months as `2026-01`. */
function groupValue(key: GroupKey, value: string, timezone: string): GroupValue {
  if ('tag' in key) return value
  if ('bucket' in key) {
    if (key.bucket === 'hour') return zonedText(Number(value) * 1000, timezone).replace('.000', '')
    return key.bucket === 'month' ? value.slice(0, 7) : value
  }
  const { kind } = recordFields[key.field]
  if (kind === 'flag') return value === 'true'
  return kind === 'text' ? value : Number(value)
}

function shownSums(sums: Sums): ShownSums {
  return {
    requests: Number(sums.requests),
    errors: Number(sums.errors),
    input_tokens: Number(sums.inputTokens),
    cached_input_tokens: Number(sums.cachedInputTokens),
    cache_write_tokens: Number(sums.cacheWriteTokens),
    output_tokens: Number(sums.outputTokens),
    reasoning_tokens: Number(sums.reasoningTokens),
    total_tokens: Number(sums.totalTokens),
    cost_usd: sums.costUsd,
    unpriced_requests: Number(sums.unpricedRequests),
    latency_ms: shownLatencies(sums.latencyMs),
  }
}

function shownLatencies(latencyMs: Sums['latencyMs']): ShownSums['latency_ms'] {
  if (latencyMs === null || latencyMs.percentiles === null) return null
  const round = (value: number) => Math.round(value * 1000) / 1000
  const { p50, p95, p99 } = latencyMs.percentiles
  return { mean: round(latencyMs.mean), p50: round(p50), p95: round(p95), p99: round(p99) }
}
