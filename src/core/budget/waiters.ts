import type { BudgetBook } from './book.ts'
import type { ScopedCall } from './budget.ts'

interface Waiter {
  readonly call: ScopedCall
  readonly attempt: () => boolean
}

/**
 * Calls that wait for what other calls hold, in order of arrival: nobody is tried while somebody who came earlier and
 * wants something of the same limit still waits; calls that share no limit do not wait for each other. How long is the
 * caller's affair.
 */
export class Waiters {
  readonly #book: BudgetBook
  readonly #waiting = new Set<Waiter>()
  #isRunning = false
  #again = false

  constructor(book: BudgetBook) {
    this.#book = book
    book.onFreed(() => this.run())
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * @param attempt tries to get what the call waits for; true once it has it, or is not to be asked again
   * @returns how it stops waiting; harmless when it no longer waits
   */
  wait(call: ScopedCall, attempt: () => boolean): () => void {
    const waiter = { call, attempt }
    this.#waiting.add(waiter)
    return () => {
      // Those behind it may have waited only for it.
      if (this.#waiting.delete(waiter)) this.run()
    }
  }

  /** Whether somebody who came earlier waits for a limit that is about this call: who is fair lines up behind. */
  isBehind(call: ScopedCall): boolean {
    if (this.#waiting.size === 0) return false
    const { limits } = this.#book.accountsOf(call)
    for (const waiter of this.#waiting) {
      if (this.#book.accountsOf(waiter.call).limits.some((account) => limits.includes(account))) return true
    }
    return false
  }

  /** Lets all try whose turn it is. Runs by itself when something is given back; after the turn of a window it is asked for. */
  run(): void {
    if (this.#isRunning) {
      this.#again = true
      return
    }
    this.#isRunning = true
    try {
      do {
        this.#again = false
        this.#tryAll()
      } while (this.#again)
    } finally {
      this.#isRunning = false
    }
  }

  #tryAll(): void {
    if (this.#waiting.size === 0) return
    const pass = {}
    for (const waiter of this.#waiting) {
      const { limits } = this.#book.accountsOf(waiter.call)
      const isFirst = limits.every((account) => account.pass !== pass)
      if (isFirst && waiter.attempt()) {
        this.#waiting.delete(waiter)
      } else {
        for (const account of limits) account.pass = pass
      }
    }
  }
}
