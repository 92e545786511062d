import { encodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'

/** Texts in an entry are bounded long before it comes here; this only keeps a fault elsewhere from becoming one of the format. */
const longestLineChars = 1024 * 1024

/**
 * Entries that will be written as one block. All of a kind share one promise: at 40,000 entries a second that is a
 * difference. The kinds have one each, because a full disk refuses the open entries and keeps the others.
 */
export class PendingBlock {
  readonly lines: string[] = []
  readonly #callIds: string[] = []
  readonly #opens: boolean[] = []
  #chars = 0
  #opened: PromiseWithResolvers<void> | null = null
  #settled: PromiseWithResolvers<void> | null = null

  get chars(): number {
    return this.#chars
  }

  /** @throws EntryFault where the entry cannot be written as a line; JournalFault `entry_too_large`. */
  add(entry: LedgerEntry): Promise<void> {
    const line = encodeEntry(entry)
    if (line.length > longestLineChars)
      throw new JournalFault('entry_too_large', `an entry of ${line.length} characters`)
    this.lines.push(line)
    this.#callIds.push(entry.call.callId)
    this.#opens.push(entry.kind === 'open')
    this.#chars += line.length
    if (entry.kind === 'open') {
      this.#opened ??= Promise.withResolvers<void>()
      return this.#opened.promise
    }
    this.#settled ??= Promise.withResolvers<void>()
    return this.#settled.promise
  }

  /** Takes the open entries out and tells their callers why. */
  refuseOpens(fault: JournalFault): void {
    if (this.#opened === null) return
    const kept = this.lines.map((_, index) => index).filter((index) => this.#opens[index] === false)
    const lines = kept.map((index) => this.lines[index] ?? '')
    const callIds = kept.map((index) => this.#callIds[index] ?? '')
    this.lines.splice(0, this.lines.length, ...lines)
    this.#callIds.splice(0, this.#callIds.length, ...callIds)
    this.#opens.splice(0, this.#opens.length, ...kept.map(() => false))
    this.#opened.reject(fault)
    this.#opened = null
  }

  /** Keeps the account of running calls, after the block was written. */
  track(running: Map<string, string>): void {
    for (let i = 0; i < this.#callIds.length; i++) {
      const callId = this.#callIds[i] ?? ''
      if (this.#opens[i] === true) running.set(callId, this.lines[i] ?? '')
      else running.delete(callId)
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
