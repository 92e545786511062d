import type { BookedPlace, RecordCursor, RecordFilter, StoredRecord, TimeRange } from '#core/ledger/questions.ts'
import { type RecordFieldName, recordFieldNames, recordFields } from '#core/ledger/record-fields.ts'
import { isoText } from '#lib/iso-text.ts'
import type { UsageStore } from '#ports.ts'
import { cursorText, readCursorText } from './cursor.ts'
import { ParameterFault } from './fault.ts'
import { zonedText } from './times.ts'

interface UsageQuestion {
  readonly range: TimeRange
  readonly filters: readonly RecordFilter[]
  readonly limit: number
  readonly cursor: string | null
  readonly order: 'newest' | 'oldest'
}

/** A record as the API shows it: every field under its name, money as exact decimal text. */
type ShownRecord = Readonly<Record<string, unknown>>

interface UsagePage {
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

interface BookedPageQuestion {
  readonly filters: readonly RecordFilter[]
  readonly limit: number
  readonly cursor: string | null
}

/**
 * What was booked since the cursor, in the order of the journal; without a cursor nothing yet. There always is a next
 * cursor. @throws ParameterFault for a cursor that is not one of these.
 */
export async function bookedPage(store: UsageStore, question: BookedPageQuestion): Promise<UsagePage> {
  const { filters, limit, cursor } = question
  const after = cursor === null ? null : readPlaces(cursor)
  const { records, places } = await store.booked({ filters, limit, after })
  const next = places.map(({ journalId, block, entry }) => [journalId, block, entry])
  return { data: records.map(shownRecord), next_cursor: cursorText(next), incomplete_before: null }
}

const countFields: ReadonlySet<RecordFieldName> = new Set(
  recordFieldNames.filter((name) => recordFields[name].kind === 'count'),
)

function shownRecord(record: StoredRecord): ShownRecord {
  const shown: Record<string, unknown> = {
    id: record.values.call_id,
    timestamp: isoText(record.timestampMs),
    ended_at: isoText(record.endedAtMs),
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
  return cursorText([record.timestampMs, record.values.call_id])
}

function readCursor(text: string): RecordCursor {
  const value = readCursorText(text)
  if (Array.isArray(value) && Number.isSafeInteger(value[0]) && typeof value[1] === 'string') {
    return { timestampMs: value[0], callId: value[1] }
  }
  throw new ParameterFault('cursor', text, 'a cursor of an earlier answer')
}

function readPlaces(text: string): BookedPlace[] {
  const value = readCursorText(text)
  if (Array.isArray(value) && value.every(isPlace)) {
    return value.map(([journalId, block, entry]) => ({ journalId, block, entry }))
  }
  throw new ParameterFault('cursor', text, 'a cursor of an earlier answer with order=booked')
}

function isPlace(value: unknown): value is [journalId: string, block: string, entry: number] {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [journalId, block, entry] = value
  return typeof journalId === 'string' && /^\d{1,19}$/.test(String(block)) && Number.isSafeInteger(entry)
}
