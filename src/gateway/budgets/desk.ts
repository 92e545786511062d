import type { Account } from '#core/budget/account.ts'
import { type Accounts, strictest } from '#core/budget/accounts.ts'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget, ScopedCall } from '#core/budget/budget.ts'
import type { Hold } from '#core/budget/hold.ts'
import { postingOf } from '#core/budget/posting.ts'
import type { Short } from '#core/budget/short.ts'
import { type Attempt, Waiters } from '#core/budget/waiters.ts'
import type { HeldAmounts, LedgerEntry } from '#core/ledger/entry.ts'
import { ChurnMap } from '#lib/churn-map.ts'
import type { Timers } from '#ports.ts'
import { rateHeaders } from './rate-headers.ts'

interface DeskOptions {
  readonly timers: Timers
  /** A call met a budget of which it is not known what was spent. */
  readonly onNotReady?: () => void
  /** What a call that a budget refuses is answered with. */
  readonly refusalStatus: 402 | 429
  /** How long a call waits for money that other calls hold. */
  readonly holdWaitMs: number
}

/** What a call asks for. */
export interface Asked {
  readonly call: AdmittedCall
  readonly most: Amounts
}

interface Waiting {
  readonly attempt: Attempt
  /** What was in the way when it was last tried. */
  readonly inTheWay: readonly Account[]
  readonly withinMs: number
}

const noneCrossed: ReadonlyMap<string, number> = new Map()

/** A call that waits for what other calls hold. */
interface Wait {
  /** Resolves when it has what it wants, and when it waits no longer. */
  readonly over: Promise<void>
  end(): void
}

/** Who has waited for this part of the time that it has is tried once before those who came earlier. */
const outOfTurnPart = 10

/**
 * Where calls ask for money. It knows which hold is whose, so that a hold ends when the call's record is in the
 * journal, or when the call comes to nothing, whichever way it took.
 */
export class BudgetDesk {
  readonly #book: BudgetBook
  readonly #timers: Timers
  readonly #onNotReady: () => void
  readonly #holds = new ChurnMap<string, Hold>()
  /** By call id: what calls would ask for that came when there were no budgets. */
  readonly #unasked = new ChurnMap<string, () => Asked>()
  readonly #waiters: Waiters
  readonly #waits = new Set<() => void>()
  options: Pick<DeskOptions, 'refusalStatus' | 'holdWaitMs'>

  constructor(book: BudgetBook, { timers, onNotReady = () => {}, ...options }: DeskOptions) {
    this.#book = book
    this.#timers = timers
    this.#onNotReady = onNotReady
    this.options = options
    this.#waiters = new Waiters(book)
  }

  /** True where there are no budgets at all. */
  get none(): boolean {
    return this.#book.isEmpty
  }

  /**
   * Where there are no budgets: what the call would ask for, to be worked out only if one is made while it runs, or
   * if it sets off a job.
   */
  note(callId: string, asked: () => Asked): void {
    this.#unasked.set(callId, asked)
  }

  /** Takes over other budgets. Calls under way are held in those that are about them, though they may not fit there. */
  configure(budgets: readonly Budget[]): void {
    if (budgets.length > 0) for (const callId of this.#unasked.keys()) this.#holdUnasked(callId)
    this.#book.reconfigure(budgets)
  }

  /** Nothing refuses it: there are no budgets yet. */
  #holdUnasked(callId: string): void {
    const asked = this.#unasked.get(callId)?.()
    this.#unasked.delete(callId)
    if (asked !== undefined) this.hold(asked.call, asked.most)
  }

  /** Null where no budget is about the call. */
  accountsOf(call: ScopedCall): Accounts | null {
    const accounts = this.#book.accountsOf(call)
    return accounts.limits.length === 0 ? null : accounts
  }

  /** Why work by models that nobody names is not to be begun; null where nothing stands in its way. */
  refusesWork(call: AdmittedCall): Budget | Short | null {
    const { money, tokens } = this.#book.accountsOfAnyModel(call)
    const strict = strictest([...money, ...tokens])
    if (strict?.unbounded === 'refuse') return strict
    const usedUp = this.#book.usedUp(call)
    if (usedUp?.kind === 'not_ready') this.#onNotReady()
    return usedUp
  }

  hold(call: AdmittedCall, most: Amounts, rerouted?: readonly string[]): Hold | Short {
    const verdict = this.#book.hold(call, most, rerouted)
    if (verdict.kind === 'held') this.#holds.set(call.callId, verdict)
    else if (verdict.kind === 'not_ready') this.#onNotReady()
    return verdict
  }

  /** The least that is left for the call's money, in budgets that have not had it rerouted. */
  available(call: AdmittedCall, rerouted?: readonly string[]): bigint | null {
    return this.#book.available(this.#book.accountsOf(call), call.startedAtMs, rerouted)
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
    this.#unasked.delete(callId)
    this.#holds.get(callId)?.release()
    this.#holds.delete(callId)
  }

  /** What a call held is held for what it has set off; how much that is. Null where it holds nothing. */
  handOver(callId: string, heir: AdmittedCall): HeldAmounts | null {
    this.#holdUnasked(callId)
    const hold = this.#holds.get(callId)
    if (hold === undefined) return null
    this.#holds.delete(callId)
    const to = this.#book.handOver(hold, heir)
    this.#holds.set(heir.callId, to)
    // No more tokens than an entry can say.
    return { picoUsd: to.heldPicoUsd, tokens: Math.min(to.heldTokens, Number.MAX_SAFE_INTEGER) }
  }

  /** Holds what the last run has left running, whether it fits or not. */
  keep(call: AdmittedCall, held: HeldAmounts): void {
    this.#holds.set(call.callId, this.#book.keep(call, held))
  }

  /** Entries that are in the journal now. How many thresholds those crossed that nobody had held anything for. */
  written(entries: readonly LedgerEntry[]): ReadonlyMap<string, number> {
    let crossed: Map<string, number> | null = null
    for (const entry of entries) {
      const posting = postingOf(entry)
      if (posting === null) continue
      if (this.#unasked.size > 0) this.#unasked.delete(posting.call.callId)
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

  /** How many calls wait for what others hold. */
  get waiting(): number {
    return this.#waits.size
  }

  /** Whether somebody who came earlier waits for a limit that is about this call. */
  isBehind(call: AdmittedCall): boolean {
    return this.#waiters.isBehind(call)
  }

  /** Why a hold would not be given now; null where it would. */
  shortOf(call: AdmittedCall, most: Amounts, rerouted?: readonly string[]): Short | null {
    return this.#book.shortOf(call, most, rerouted)
  }

  /**
   * Lines up for what other calls hold. `attempt` is made when it is the call's turn; once out of turn, so that who
   * needs little does not wait all its time for somebody who needs much; and never once the wait is over.
   */
  lineUp(call: AdmittedCall, { attempt, inTheWay, withinMs }: Waiting): Wait {
    let end: () => void = () => {}
    const over = new Promise<void>((resolve, reject) => {
      const guarded: Attempt = () => {
        let left: ReturnType<Attempt> = null
        try {
          left = attempt()
        } catch (error) {
          // It is the caller's: not that of whoever gave something back.
          reject(error)
        }
        if (left === null) end()
        return left
      }
      const place = this.#waiters.wait(call, guarded, inTheWay)
      const timers = [
        this.#timers.after(withinMs / outOfTurnPart, () => place.tryNow()),
        this.#timers.after(withinMs, () => end()),
      ]
      end = () => {
        for (const timer of timers) timer.cancel()
        this.#waits.delete(end)
        place.leave()
        resolve()
      }
      this.#waits.add(end)
    })
    return { over, end: () => end() }
  }

  /** Lets those who wait go on: the gateway stops, and there is nothing to wait for any more. */
  stopWaiting(): void {
    for (const end of [...this.#waits]) end()
  }
}

/** Where there are no budgets. */
export function noBudgets(): BudgetDesk {
  const never = { after: () => ({ cancel: () => {} }) }
  const options = { timers: never, refusalStatus: 402 as const, holdWaitMs: 0 }
  return new BudgetDesk(new BudgetBook([], () => () => false), options)
}
