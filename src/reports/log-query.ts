import type { RecordFilter, TimeRange } from '#core/ledger/questions.ts'
import type { UsageStore } from '#ports.ts'
import { usagePage } from './usage-page.ts'

interface LogQuestion {
  readonly range: TimeRange
  readonly filters: readonly RecordFilter[]
  readonly includeTokens: boolean
  readonly includeCost: boolean
  readonly limit: number
  readonly cursor: string | null
}

interface LogAnswer {
  readonly logs: readonly Readonly<Record<string, unknown>>[]
  readonly has_more: boolean
  readonly next_cursor: string | null
  readonly incomplete_before: string | null
}

/** Single calls in the form that clients of hosted relays read, newest first; amounts are JSON numbers. */
export async function queryLogs(store: UsageStore, question: LogQuestion): Promise<LogAnswer> {
  const { range, filters, limit, cursor } = question
  const page = await usagePage(store, { range, filters, limit, cursor, order: 'newest' })
  return {
    logs: page.data.map((record) => ({
      id: record['call_id'],
      request_id: record['request_id'],
      timestamp: record['timestamp'],
      model: record['model'],
      provider: record['provider'],
      status_code: record['status_code'],
      error_code: record['error_code'],
      latency_ms: record['latency_ms'],
      cost_center: record['cost_center'],
      user_id: record['user_id'],
      ...(question.includeTokens ? { usage: tokensOf(record) } : {}),
      ...(question.includeCost ? { cost: { total_usd: Number(record['cost_usd']) } } : {}),
    })),
    has_more: page.next_cursor !== null,
    next_cursor: page.next_cursor,
    incomplete_before: page.incomplete_before,
  }
}

function tokensOf(record: Readonly<Record<string, unknown>>) {
  return {
    input_tokens: record['input_tokens'],
    cached_input_tokens: record['cached_input_tokens'],
    output_tokens: record['output_tokens'],
    total_tokens: record['total_tokens'],
  }
}
