import type { Attempt } from './entry.ts'
import type { RecordFieldName } from './record-fields.ts'

/** A condition on a field, or on one tag, of the usage record. `equals` and `differs` take any of several values. */
export interface RecordFilter {
  readonly on: { readonly field: RecordFieldName } | { readonly tag: string }
  readonly test: 'equals' | 'differs' | 'over' | 'under' | 'from' | 'to'
  /** As text, already checked against the field's kind. */
  readonly values: readonly string[]
}

export type TimeBucket = 'hour' | 'day' | 'week' | 'month'

export type GroupKey = { readonly field: RecordFieldName } | { readonly tag: string } | { readonly bucket: TimeBucket }

/** Half-open: `fromMs` is in it, `toMs` is not. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

export interface SumsQuestion {
  readonly range: TimeRange
  readonly groupBy: readonly GroupKey[]
  readonly filters: readonly RecordFilter[]
  /** IANA name: where days, weeks (from Monday) and months begin. */
  readonly timezone: string
  /** Of latencies. They cost more than all sums together. */
  readonly percentiles: boolean
  /** Groups beyond it are left out of the rows, never of the total. */
  readonly maxRows: number
  /** Given: rows come in the order of their groups, and only those after this one; all of them where it is empty. */
  readonly afterGroup?: readonly string[] | undefined
}

/** What reports add up. Counts are decimal text, exact; money is decimal text in USD, exact. */
export interface Sums {
  readonly requests: string
  readonly errors: string
  readonly inputTokens: string
  readonly cachedInputTokens: string
  readonly cacheWriteTokens: string
  readonly outputTokens: string
  readonly reasoningTokens: string
  readonly totalTokens: string
  readonly costUsd: string
  /** Calls whose tokens have no known price: their cost is not in `costUsd`. */
  readonly unpricedRequests: string
  /** Null where there were no requests that took their time here. */
  readonly latencyMs: {
    readonly mean: number
    /** Estimates by t-digest. Null where they were not asked for. */
    readonly percentiles: { readonly p50: number; readonly p95: number; readonly p99: number } | null
  } | null
}

export interface SumsAnswer {
  /** Each with its groups' values, in the order of `groupBy`; by time first, then by cost, greatest first. */
  readonly rows: readonly { readonly group: readonly string[]; readonly sums: Sums }[]
  /** Added up by the database over all groups. */
  readonly total: Sums
  readonly truncated: boolean
  /**
   * records: what single records in the range come to, whichever table added them up. hourly: some of them are gone, so
   * whole hours were added up.
   */
  readonly basis: 'records' | 'hourly'
  /** Set where single records before this time are gone and the question could not be put to the roll-ups. */
  readonly incompleteBeforeMs: number | null
}

export interface RecordsQuestion {
  readonly range: TimeRange
  readonly filters: readonly RecordFilter[]
  readonly limit: number
  /** Where the page before ended; null = from the start. */
  readonly after: RecordCursor | null
  readonly order: 'newest' | 'oldest'
}

export interface RecordsAnswer {
  readonly records: readonly StoredRecord[]
  /** Set where single records before this time, which is in the range, are gone. */
  readonly incompleteBeforeMs: number | null
}

/** What was booked after some place, in the order of the journal: nothing in it is overtaken by what ended later. */
export interface BookedQuestion {
  readonly filters: readonly RecordFilter[]
  readonly limit: number
  /** How far each journal is known; null = as far as it goes now, so that no record is asked for. */
  readonly after: readonly BookedPlace[] | null
  /**
   * How far one journal is in the store as a whole. What lies behind it may be there in part, since the months of an
   * insert appear one after the other, and is not looked at yet: whoever has passed a record does not come back for it.
   */
  readonly whole?: WholeJournal | undefined
}

export interface WholeJournal {
  readonly journalId: string
  /** The last block of it. */
  readonly block: number
}

export interface BookedAnswer {
  readonly records: readonly StoredRecord[]
  /** To ask on from: as far as was looked, whether or not anything there fitted the filters. */
  readonly places: readonly BookedPlace[]
}

/** An entry of a journal. A store on a server can have several journals. */
export interface BookedPlace {
  readonly journalId: string
  /** Decimal text, 64 bits. */
  readonly block: string
  readonly entry: number
}

export interface RecordCursor {
  readonly timestampMs: number
  readonly callId: string
}

/** A stored record: counts and amounts as exact decimal text. */
export interface StoredRecord {
  readonly timestampMs: number
  readonly endedAtMs: number
  readonly tags: Readonly<Record<string, string>>
  readonly units: Readonly<Record<string, number>>
  readonly marks: readonly string[]
  readonly attempts: readonly Attempt[]
  /** Null where not known: a stated cost, a time to the first token. */
  readonly values: Readonly<Record<RecordFieldName, string | number | boolean | null>>
}
