import type { LedgerEntry } from '#core/ledger/entry.ts'

/** Where the process reads time. Wall time may jump; monotonic time never goes back. */
export interface Clock {
  /** Unix time in milliseconds. */
  wallMs(): number
  /** Milliseconds since an arbitrary start, with a fraction. */
  monotonicMs(): number
}

/** What `Timers.after` returns; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

export interface Timers {
  after(delayMs: number, run: () => void): Timer
}

/** Source of names and chance. */
export interface Ids {
  /** A new call id: unique over restarts and instances, sorts by time. */
  callId(wallMs: number): string
  /** Uniform in [0, 1), for jitter only: never for secrets. */
  chance(): number
}

/**
 * The write side of the ledger on disk.
 *
 * A resolved `append` means that the entry has been handed to the operating system: it survives the death of this
 * process. Whether it survives the death of the machine depends on the `fsync` setting.
 */
export interface Journal {
  /** @throws JournalFault with code `journal_full` (open entries only) or `journal_closed`. */
  append(entry: LedgerEntry): Promise<void>
  /** Null while new calls may be opened; otherwise why not. */
  refusal(): JournalRefusal | null
  /** Writes and fsyncs what is pending, then releases the directory. */
  close(): Promise<void>
}

export interface JournalRefusal {
  readonly code: 'journal_full' | 'journal_failing'
  /** For people: what is wrong and what to do. */
  readonly message: string
}
