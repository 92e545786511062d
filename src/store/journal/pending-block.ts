import type { LedgerEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import type { LineWriter } from '#core/ledger/line-writer.ts'
import { writeEntry } from '#core/ledger/write-entry.ts'
import type { RunningCalls } from './running-calls.ts'

/** Texts in an entry are bounded long before it comes here; this only keeps a fault elsewhere from becoming one of the format. */
const longestLineBytes = 1024 * 1024

/**
 * Entries that will be written as one block. All of a kind share one promise: at 40,000 entries a second that is a
 * difference. The kinds have one each, because a full disk refuses the open entries and keeps the others.
 */
export class PendingBlock {
  readonly lines: LineWriter
  readonly #running: RunningCalls
  #entries: LedgerEntry[] = []
  #opened: PromiseWithResolvers<void> | null = null
  #settled: PromiseWithResolvers<void> | null = null

  /** The writer is empty, and the block's own until it has been written. */
  constructor(lines: LineWriter, running: RunningCalls) {
    this.lines = lines
    this.#running = running
  }

  get size(): number {
    return this.#entries.length
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  /** @throws EntryFault where the entry cannot be written as a line; JournalFault `entry_too_large`. */
  add(entry: LedgerEntry): Promise<void> {
    this.#write(entry)
    this.#entries.push(entry)
    if (entry.kind === 'open') {
      this.#opened ??= Promise.withResolvers<void>()
      return this.#opened.promise
    }
    this.#settled ??= Promise.withResolvers<void>()
    return this.#settled.promise
  }

  #write(entry: LedgerEntry): void {
    const { lines } = this
    const start = lines.end
    try {
      writeEntry(lines, entry)
      const bytes = lines.end - start
      if (bytes > longestLineBytes) throw new JournalFault('entry_too_large', `an entry of ${bytes} bytes`)
      lines.endLine()
    } catch (fault) {
      lines.cutTo(start)
      throw fault
    }
  }

  /** Takes the open entries out and tells their callers why. */
  refuseOpens(fault: JournalFault): void {
    if (this.#opened === null) return
    this.#entries = this.#entries.filter(({ kind }) => kind !== 'open')
    this.lines.clear()
    for (const entry of this.#entries) this.#write(entry)
    this.#opened.reject(fault)
    this.#opened = null
  }

  /** Keeps the account of running calls, after the block was written. */
  track(): void {
    for (const entry of this.#entries) {
      if (entry.kind === 'open') this.#running.opened(entry)
      else this.#running.settled(entry)
    }
  }

  done(): void {
    this.#opened?.resolve()
    this.#settled?.resolve()
  }

  fail(fault: JournalFault): void {
    this.#opened?.reject(fault)
    this.#settled?.reject(fault)
  }
}
