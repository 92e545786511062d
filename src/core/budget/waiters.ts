import type { Account } from './account.ts'
import type { BudgetBook } from './book.ts'
import type { ScopedCall } from './budget.ts'

/** Tries to get what the call waits for: null once it has it, or need not wait any more; otherwise what is in its way. */
export type Attempt = () => readonly Account[] | null

/** A place in the line. */
export interface Place {
  /** Tries out of turn. */
  tryNow(): void
  /** Harmless when it no longer waits. */
  leave(): void
}

interface Waiter {
  readonly call: ScopedCall
  readonly attempt: Attempt
  inTheWay: readonly Account[]
}

const nothing: readonly Account[] = Object.freeze([])

/**
 * Calls that wait for what other calls hold, in order of arrival: nobody is tried while somebody who came earlier waits
 * for a limit that is about both. Limits that have room for who waits hold up nobody, so a small budget that is used up
 * does not stop calls of others below the same large one. How long is the caller's affair.
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

  /** @param inTheWay of it, when it was last tried; nothing where it only lines up behind others */
  wait(call: ScopedCall, attempt: Attempt, inTheWay: readonly Account[] = nothing): Place {
    const waiter: Waiter = { call, attempt, inTheWay }
    this.#waiting.add(waiter)
    return {
      tryNow: () => {
        if (this.#waiting.has(waiter) && this.#isDone(waiter)) this.#remove(waiter)
      },
      leave: () => this.#remove(waiter),
    }
  }

  /** Whether somebody who came earlier waits for a limit that is about this call: who is fair lines up behind. */
  isBehind(call: ScopedCall): boolean {
    if (this.#waiting.size === 0) return false
    const { limits } = this.#book.accountsOf(call)
    for (const { inTheWay } of this.#waiting) {
      if (inTheWay.some((account) => limits.includes(account))) return true
    }
    return false
  }

  /** Lets all try whose turn it is. Runs by itself when something is given back. */
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

  /** Those behind it may have waited only for it. */
  #remove(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.run()
  }

  #isDone(waiter: Waiter): boolean {
    const inTheWay = waiter.attempt()
    waiter.inTheWay = inTheWay ?? nothing
    return inTheWay === null
  }

  #tryAll(): void {
    if (this.#waiting.size === 0) return
    const pass = {}
    for (const waiter of this.#waiting) {
      const { limits } = this.#book.accountsOf(waiter.call)
      const isFirst = limits.every((account) => account.pass !== pass)
      if (isFirst && this.#isDone(waiter)) this.#waiting.delete(waiter)
      else for (const account of waiter.inTheWay) account.pass = pass
    }
  }
}
