import { decodeEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import { EntryFault, JournalFault } from '#core/ledger/fault.ts'
import type { Clock, Timers } from '#ports.ts'
import { settledLines } from './batch.ts'
import type { IngestState } from './ingester.ts'
import type { JournalPosition, JournalSource, OpenSource } from './source.ts'

/** How far the store is behind the journal. */
export interface IngestLag {
  /**
   * Settled calls of the journal that are not known to be in the store. Exact, but right after a start where more has
   * piled up than can be counted while somebody waits: then what was counted so far, one at least where any waits.
   */
  readonly records: number
  /** For how long the oldest of them has been waiting; 0 where none is. */
  readonly ageMs: number
}

export interface LagParts {
  readonly openSource: OpenSource
  readonly clock: Clock
  readonly timers: Timers
  /** How far the store has come. `settled` counts from where it was when this was made. */
  readonly progress: () => Pick<IngestState, 'position' | 'settled'>
}

/** Some ten milliseconds of work, after which other work gets its turn. */
const sliceEntries = 4_000
/** A gigabyte takes some seconds. Whoever asks waits a second at most for all of the answer: the rest is counted after. */
const patienceMs = 400
/** Between slices for which nobody waits: the ingester has a backlog to read as well. */
const leisureMs = 20
/** So many lines are looked at for the oldest one whose time is ours. */
const probedLines = 1_000

/**
 * Measures by reading the journal itself, from where the store is on, whatever keeps the ingester: each question reads
 * what was written since the one before.
 */
export class LagMeter {
  readonly #parts: LagParts
  #source: JournalSource | null = null
  /** Counted up to here. */
  #at: JournalPosition | null = null
  /** Comparable with `settled` of the progress. */
  #counted = 0
  #oldest: { readonly behindBlock: number; readonly sinceMs: number } | null = null
  #reading: Promise<IngestLag> | null = null
  #counting: Promise<void> | null = null
  #looking: Promise<boolean> | null = null
  #closed = false

  constructor(parts: LagParts) {
    this.#parts = parts
  }

  /** Those who ask at the same time get the same answer. */
  read(): Promise<IngestLag> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async close(): Promise<void> {
    this.#closed = true
    // What goes wrong there is met by whoever asked.
    await Promise.allSettled([this.#reading, this.#counting, this.#looking])
    await this.#closeSource()
  }

  async #read(): Promise<IngestLag> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = null
    })
    await this.#patiently(this.#counting)
    const { position, settled } = this.#parts.progress()
    const counted = this.#counted - settled
    const records = counted <= 0 && (await this.#oneWaits(position)) ? 1 : Math.max(0, counted)
    if (records === 0) {
      this.#oldest = null
      return { records, ageMs: 0 }
    }
    const sinceMs = await this.#waitingSinceMs(position)
    return { records, ageMs: Math.max(0, this.#parts.clock.wallMs() - sinceMs) }
  }

  /** The store may have come by a count that goes on: then one that waits shows only where the journal is looked at. */
  async #oneWaits(position: JournalPosition | null): Promise<boolean> {
    if (this.#counting === null) return false
    // Where it takes long to look there is much to be read.
    return (await this.#found(position)) !== false
  }

  /** Null where nobody would wait any longer for it. */
  async #patiently<Done>(work: Promise<Done>): Promise<Done | null> {
    const { promise: late, resolve } = Promise.withResolvers<null>()
    const timer = this.#parts.timers.after(patienceMs, () => resolve(null))
    return await Promise.race([work, late]).finally(() => timer.cancel())
  }

  /** To the journal's end. */
  async #count(): Promise<void> {
    try {
      while (!this.#closed) {
        const source = await this.#sourceHere()
        const blocks = await source.next(sliceEntries)
        for (const block of blocks) {
          this.#counted += settledLines(block)
          this.#at = block.after
        }
        if (blocks.length === 0) return
        await new Promise<void>((resolve) => {
          this.#parts.timers.after(this.#reading === null ? leisureMs : 0, resolve)
        })
      }
    } catch (error) {
      await this.#closeSource()
      if (!isOfTheJournal(error)) throw error
    }
  }

  /** What the store has by now need not be read. */
  async #sourceHere(): Promise<JournalSource> {
    const { position, settled } = this.#parts.progress()
    if (blockNo(position) > blockNo(this.#at)) {
      await this.#closeSource()
      this.#at = position
      this.#counted = settled
    }
    this.#source ??= await this.#parts.openSource(this.#at)
    return this.#source
  }

  /**
   * Since when the first record behind a position has been there; since the first question where it does not say. Where it
   * is not to be had yet, what was known before it.
   */
  async #waitingSinceMs(position: JournalPosition | null): Promise<number> {
    const nowMs = this.#parts.clock.wallMs()
    const behindBlock = blockNo(position)
    if (this.#oldest?.behindBlock !== behindBlock && (await this.#found(position)) === false)
      this.#oldest = { behindBlock, sinceMs: nowMs }
    return this.#oldest?.sinceMs ?? nowMs
  }

  /**
   * Whether there is a record that says since when it waits; null where it takes long: in a compressed segment all before
   * it has to be unpacked. One look is under way at a time.
   */
  #found(position: JournalPosition | null): Promise<boolean | null> {
    this.#looking ??= this.#look(position).finally(() => {
      this.#looking = null
    })
    return this.#patiently(this.#looking)
  }

  async #look(position: JournalPosition | null): Promise<boolean> {
    const sinceMs = await this.#firstEndMs(position)
    if (sinceMs !== null) this.#oldest = { behindBlock: blockNo(position), sinceMs }
    return sinceMs !== null
  }

  async #firstEndMs(position: JournalPosition | null): Promise<number | null> {
    let source: JournalSource | null = null
    try {
      source = await this.#parts.openSource(position)
      for (let looked = 0; looked < probedLines; ) {
        const blocks = await source.next(1)
        if (blocks.length === 0) return null
        for (const { lines } of blocks) {
          looked += lines.length
          for (const line of lines) {
            const endedAtMs = endMsOf(line)
            if (endedAtMs !== null) return endedAtMs
          }
        }
      }
      return null
    } catch (error) {
      if (isOfTheJournal(error)) return null
      throw error
    } finally {
      await source?.close()
    }
  }

  async #closeSource(): Promise<void> {
    const source = this.#source
    this.#source = null
    await source?.close()
  }
}

/** Where the journal, or its disk, cannot be read any further, the ingester meets the same, and says so. */
function isOfTheJournal(error: unknown): boolean {
  return error instanceof JournalFault || (error instanceof Error && 'syscall' in error)
}

function blockNo(position: JournalPosition | null): number {
  return position?.blockNo ?? 0
}

/** When the call ended and so was written; null where the line does not say: others date their costs as they like. */
function endMsOf(line: string): number | null {
  try {
    const entry = decodeEntry(line)
    return entry.kind === 'settle' && !entry.marks.includes(externalMark) ? entry.endedAtMs : null
  } catch (error) {
    if (error instanceof EntryFault) return null
    throw error
  }
}
