import type { Timer, Timers } from '#ports.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { retireSegments } from './retire.ts'

interface RetirementParts {
  /** The journal's. */
  readonly dir: string
  /** How long a segment is kept after its last block was written. */
  readonly keepMs: number
  /** The time, in ms since the epoch; null where nobody can tell it well enough to delete by. Asked every hour at least. */
  readonly nowMs: () => number | null
  readonly timers: Timers
  readonly onFault: (error: unknown) => void
}

const lookAgainMs = 3_600_000

/**
 * Compresses the segments that are in the store, and deletes them when retention says so: as soon as one is left behind,
 * and every hour, since time passes whether or not anybody calls.
 */
export class Retirement {
  readonly #parts: RetirementParts
  #position: JournalPosition | null = null
  #doneFor = ''
  #running = false
  #closed = false
  #timer: Timer | null = null

  constructor(parts: RetirementParts) {
    this.#parts = parts
  }

  /** Everything before it is in the store. */
  reached(position: JournalPosition): void {
    this.#position = position
    if (position.segment !== this.#doneFor) this.#run(position)
  }

  /** What is under way may be left: the next start does it again. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #run(ingested: JournalPosition): void {
    if (this.#running || this.#closed) return
    this.#running = true
    this.#doneFor = ingested.segment
    this.#timer?.cancel()
    this.#retire(ingested)
      .catch(this.#parts.onFault)
      .finally(() => this.#ended())
  }

  async #retire(ingested: JournalPosition): Promise<void> {
    const { dir, keepMs, nowMs } = this.#parts
    await retireSegments({ dir, ingested, keepMs, nowMs: nowMs() })
  }

  #ended(): void {
    this.#running = false
    if (this.#closed || this.#position === null) return
    if (this.#position.segment !== this.#doneFor) return this.#run(this.#position)
    this.#timer = this.#parts.timers.after(lookAgainMs, () => {
      if (this.#position !== null) this.#run(this.#position)
    })
  }
}
