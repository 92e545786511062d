import type { Accounts } from '#core/budget/accounts.ts'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { ScopedCall } from '#core/budget/budget.ts'
import type { Hold } from '#core/budget/hold.ts'
import { postingOf } from '#core/budget/posting.ts'
import type { Short } from '#core/budget/short.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import type { Timers } from '#ports.ts'
import { rateHeaders } from './rate-headers.ts'

export interface DeskOptions {
  readonly timers: Timers
  /** A call met a budget of which it is not known what was spent. */
  readonly onNotReady?: () => void
  /** What a call that a budget refuses is answered with. */
  readonly refusalStatus: 402 | 429
  /** How long a call waits for money that other calls hold. */
  readonly holdWaitMs: number
}

const noneCrossed: ReadonlyMap<string, number> = new Map()

/** A call that waits for what other calls hold. */
export interface Wait {
  readonly freed: Promise<boolean>
  /** It waits no longer. */
  end(): void
}

/**
 * Where calls ask for money. It knows which hold is whose, so that a hold ends when the call's record is in the
 * journal, or when the call comes to nothing, whichever way it took.
 */
export class BudgetDesk {
  readonly #book: BudgetBook
  readonly #timers: Timers
  readonly #onNotReady: () => void
  readonly #holds = new Map<string, Hold>()
  #waiting = new Set<() => void>()
  options: Pick<DeskOptions, 'refusalStatus' | 'holdWaitMs'>

  constructor(book: BudgetBook, { timers, onNotReady = () => {}, ...options }: DeskOptions) {
    this.#book = book
    this.#timers = timers
    this.#onNotReady = onNotReady
    this.options = options
    book.onFreed(() => this.#wake())
  }

  /** True where there are no budgets at all. */
  get none(): boolean {
    return this.#book.isEmpty
  }

  /** Null where no budget is about the call. */
  accountsOf(call: ScopedCall): Accounts | null {
    const accounts = this.#book.accountsOf(call)
    return accounts.limits.length === 0 ? null : accounts
  }

  hold(call: AdmittedCall, most: Amounts, rerouted?: readonly string[]): Hold | Short {
    const verdict = this.#book.hold(call, most, rerouted)
    if (verdict.kind === 'held') this.#holds.set(call.callId, verdict)
    else if (verdict.kind === 'not_ready') this.#onNotReady()
    return verdict
  }

  /** The least that is left for the call's money. */
  available(call: AdmittedCall): bigint | null {
    return this.#book.available(this.#book.accountsOf(call), call.startedAtMs)
  }

  /** The same of tokens. */
  availableTokens(call: AdmittedCall): bigint | null {
    return this.#book.availableTokens(this.#book.accountsOf(call), call.startedAtMs)
  }

  rateHeaders(call: AdmittedCall): readonly string[] {
    return rateHeaders(this.#book.accountsOf(call), call.startedAtMs)
  }

  /** The call came to nothing. Harmless where its hold has ended. */
  release(callId: string): void {
    this.#holds.get(callId)?.release()
    this.#holds.delete(callId)
  }

  /** What a call held is held for what it has set off. Does nothing where it holds nothing. */
  handOver(callId: string, heir: AdmittedCall): void {
    const hold = this.#holds.get(callId)
    if (hold === undefined) return
    this.#holds.delete(callId)
    this.#holds.set(heir.callId, this.#book.handOver(hold, heir))
  }

  /** Entries that are in the journal now. How many thresholds those crossed that nobody had held anything for. */
  written(entries: readonly LedgerEntry[]): ReadonlyMap<string, number> {
    let crossed: Map<string, number> | null = null
    for (const entry of entries) {
      const posting = postingOf(entry)
      if (posting === null) continue
      const hold = this.#holds.get(posting.call.callId)
      if (hold === undefined) {
        const { length } = this.#book.book(posting.call, posting.amounts)
        if (length > 0) crossed = (crossed ?? new Map<string, number>()).set(posting.call.callId, length)
        continue
      }
      hold.settle(posting.amounts)
      this.#holds.delete(posting.call.callId)
    }
    return crossed ?? noneCrossed
  }

  /** Resolves with true when some call has given something back, with false when none has within the time. */
  freed(withinMs: number): Wait {
    let end: (freed: boolean) => void = () => {}
    const freed = new Promise<boolean>((resolve) => {
      end = resolve
    })
    const timer = this.#timers.after(withinMs, () => wait.end())
    const wake = (): void => {
      timer.cancel()
      end(true)
    }
    const wait = {
      freed,
      end: () => {
        timer.cancel()
        this.#waiting.delete(wake)
        end(false)
      },
    }
    this.#waiting.add(wake)
    return wait
  }

  /** Lets those who wait go on: the gateway stops, and there is nothing to wait for any more. */
  stopWaiting(): void {
    this.#wake()
  }

  /** All of them, in the order in which they came to wait: who does not fit waits again, behind those that came before. */
  #wake(): void {
    if (this.#waiting.size === 0) return
    const woken = this.#waiting
    this.#waiting = new Set()
    for (const wake of woken) wake()
  }
}

/** Where there are no budgets. */
export function noBudgets(): BudgetDesk {
  const never = { after: () => ({ cancel: () => {} }) }
  const options = { timers: never, refusalStatus: 402 as const, holdWaitMs: 0 }
  return new BudgetDesk(new BudgetBook([], () => () => false), options)
}
