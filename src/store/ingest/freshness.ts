import type { JournalEnd } from './source.ts'

/** One of the times at which the journal is read on. */
export interface Reading {
  readonly number: number
  readonly begunMs: number
  /** Where the journal ended then; null where that could not be told. */
  readonly end: JournalEnd | null
}

/** Waits for a reading that began after this time, or after this one. */
interface Waiter {
  readonly asOfMs: number
  readonly afterReading: number
  readonly resolve: () => void
}

/** How far in time the store has everything, and who waits for it to get further. Times are of a clock that only goes on. */
export class Freshness {
  #readings = 0
  /** Everything that was in the journal at this time is in the store. */
  #asOfMs = Number.NEGATIVE_INFINITY
  #waiters: Waiter[] = []

  get isAwaited(): boolean {
    return this.#waiters.length > 0
  }

  /** Resolves once everything that is in the journal by now, or was at an earlier time, is in the store. */
  reached(asOfMs: number): Promise<void> {
    // Where both are the same millisecond something may have come in between.
    if (this.#asOfMs > asOfMs) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiters.push({ asOfMs, afterReading: this.#readings, resolve })
    return promise
  }

  begin(begunMs: number, end: JournalEnd | null): Reading {
    return { number: ++this.#readings, begunMs, end }
  }

  /** All that was in the journal when the reading began is in the store. */
  done({ number, begunMs }: Reading): void {
    this.#asOfMs = begunMs
    const { served = [], waiting = [] } = Object.groupBy(this.#waiters, ({ asOfMs, afterReading }) =>
      afterReading < number || asOfMs < begunMs ? 'served' : 'waiting',
    )
    this.#waiters = waiting
    for (const { resolve } of served) resolve()
  }
}
