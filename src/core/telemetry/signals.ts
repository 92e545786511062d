import type { TraceLink } from '#core/ledger/entry.ts'

/** What is told of calls to those who watch many services: spans of single ones, and what all of them add up to. */
export const signals = ['traces', 'metrics'] as const
export type Signal = (typeof signals)[number]

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface SpanEvent {
  readonly name: string
  readonly atMs: number
  readonly attributes: Attributes
}

/** One call as a span. */
export interface CallSpan {
  readonly link: TraceLink
  readonly name: string
  readonly startedAtMs: number
  /** With a fraction, so that a span is as long as the call was. */
  readonly endedAtMs: number
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  /** Empty = no error. */
  readonly errorType: string
}

/** What one call adds to the metrics; null where there is nothing to add. */
export interface CallMeasures {
  readonly attributes: Attributes
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  /** Beside `attributes` it bears `error.type`. */
  readonly durationSeconds: number | null
  /** Of streams alone. */
  readonly firstChunkSeconds: number | null
  /** Empty = no error. */
  readonly errorType: string
}

/** What came of one export. `detail` is for people and holds nothing of the headers. */
export type ExportOutcome =
  /** Taken, all but so many items. */
  | { readonly kind: 'delivered'; readonly rejected: number; readonly detail: string }
  /** Turned down for good: the same would be turned down again. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** It may be taken later. */
  | { readonly kind: 'failed'; readonly detail: string; readonly retryAfterMs: number | null }

/** How exports go, for whoever counts it. */
export interface TelemetryWatch {
  exported(signal: Signal, items: number): void
  /** A try to export that led to nothing; it is made again unless `dropped` says otherwise. */
  failed(signal: Signal): void
  /** Never to be exported: refused, too old or too many. */
  dropped(signal: Signal, items: number): void
  /** Read and not exported yet. */
  waiting(signal: Signal, items: number): void
}
