import type { RecordCursor, RecordFilter, StoredRecord, TimeRange } from '#core/ledger/questions.ts'
import { type RecordFieldName, recordFieldNames, recordFields } from '#core/ledger/record-fields.ts'
import type { UsageStore } from '#ports.ts'
import { ParameterFault } from './fault.ts'
import { zonedText } from './times.ts'

export interface UsageQuestion {
  readonly range: TimeRange
  readonly filters: readonly RecordFilter[]
  readonly limit: number
  readonly cursor: string | null
  readonly order: 'newest' | 'oldest'
}

/** A record as the API shows it: every field under its name, money as exact decimal text. */
export type ShownRecord = Readonly<Record<string, unknown>>

export interface UsagePage {
  readonly data: readonly ShownRecord[]
  /** For the next page; null at the end. */
  readonly next_cursor: string | null
  /** Null, or: single records before this time are gone, and the range begins before it. */
  readonly incomplete_before: string | null
}

/** Single calls, a page at a time. @throws ParameterFault for a cursor that is not one of ours. */
export async function usagePage(store: UsageStore, question: UsageQuestion): Promise<UsagePage> {
  const { range, filters, limit, cursor, order } = question
  const after = cursor === null ? null : readCursor(cursor)
  const { records: found, incompleteBeforeMs } = await store.records({ range, filters, limit: limit + 1, after, order })
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return {
    data: page.map(shownRecord),
    next_cursor: found.length > limit && last !== undefined ? writeCursor(last) : null,
    incomplete_before: incompleteBeforeMs === null ? null : zonedText(incompleteBeforeMs, 'UTC'),
  }
}

const countFields: ReadonlySet<RecordFieldName> = new Set(
  recordFieldNames.filter((name) => recordFields[name].kind === 'count'),
)

function shownRecord(record: StoredRecord): ShownRecord {
  const shown: Record<string, unknown> = {
    id: record.values.call_id,
    timestamp: new Date(record.timestampMs).toISOString(),
    ended_at: new Date(record.endedAtMs).toISOString(),
  }
  for (const name of recordFieldNames) {
    const value = record.values[name]
    shown[name] = typeof value === 'string' && countFields.has(name) ? Number(value) : value
  }
  return {
    ...shown,
    tags: record.tags,
    units: record.units,
    marks: record.marks,
    attempts: record.attempts.map((attempt) => ({
      started_after_ms: toMicroseconds(attempt.startedAfterMs),
      duration_ms: toMicroseconds(attempt.durationMs),
      status: attempt.status,
      error_code: attempt.errorCode,
    })),
  }
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function writeCursor(record: StoredRecord): string {
  return Buffer.from(JSON.stringify([record.timestampMs, record.values.call_id])).toString('base64url')
}

function readCursor(text: string): RecordCursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (Array.isArray(value) && Number.isSafeInteger(value[0]) && typeof value[1] === 'string') {
      return { timestampMs: value[0], callId: value[1] }
    }
  } catch {
    // Falls to the fault below.
  }
  throw new ParameterFault('cursor', text, 'a cursor of an earlier answer')
}
