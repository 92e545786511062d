import type { LedgerEntry } from '#core/ledger/entry.ts'
import { greatestLineBytes, shortened, shortenedMark } from '#core/ledger/entry-bounds.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import type { LineWriter } from '#core/ledger/line-writer.ts'
import { writeEntry } from '#core/ledger/write-entry.ts'
import type { RunningCalls } from './running-calls.ts'

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

  /**
   * Whoever makes an entry keeps to its bounds, within which no line is too long. Should one be nevertheless, by a fault
   * or as the end of a call that an older version opened, a settle entry is shortened: neither is what a call cost lost
   * for a long text, nor does a call left open keep the gateway from starting. An open entry is refused.
   *
   * @throws EntryFault where the entry cannot be written as a line; JournalFault `entry_too_large`.
   */
  add(entry: LedgerEntry): Promise<void> {
    this.#entries.push(this.#write(entry))
    if (entry.kind === 'open') {
      this.#opened ??= Promise.withResolvers<void>()
      return this.#opened.promise
    }
    this.#settled ??= Promise.withResolvers<void>()
    return this.#settled.promise
  }

  /** Returns the entry as it stands there. */
  #write(entry: LedgerEntry): LedgerEntry {
    const { lines } = this
    const start = lines.end
    try {
      writeEntry(lines, entry)
      const bytes = lines.end - start
      if (bytes <= greatestLineBytes) {
        lines.endLine()
        return entry
      }
      if (entry.kind === 'open' || entry.marks.includes(shortenedMark))
        throw new JournalFault('entry_too_large', `an entry of ${bytes} bytes`)
      lines.cutTo(start)
      return this.#write(shortened(entry))
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
