import type { Account, SpentWindow } from './account.ts'
import type { BudgetAccounts } from './accounts.ts'
import { type AdmittedCall, type Amounts, type ByUnit, spentOf } from './amounts.ts'
import type { Gap } from './gap.ts'

/** The reading of the ledger that closes a gap, beside the book: nothing of it is seen before `adopt`. */
export interface Fold {
  /**
   * Counts an entry. All entries of calls that ended before the gap began have to come, in any order, each once; those
   * of calls that ended later may, and are left out.
   */
  add(call: AdmittedCall, amounts: Amounts): void
  /**
   * Makes it what is known, at once. Leaves pending, to be folded again, what was lost anew meanwhile and where calls
   * were admitted to earlier windows than were read. Does nothing a second time.
   */
  adopt(): void
}

/** What one account had spent, by window, from the earliest window that matters. */
class Tally {
  readonly account: Account
  readonly gap: Gap
  readonly #sinceMs: number
  /** Oldest first; of those before `#sinceMs` only such in which something is held. */
  readonly #windows: TalliedWindow[]

  constructor(account: Account, gap: Gap, atMs: number) {
    this.account = account
    this.gap = gap
    this.#sinceMs = account.neededSinceMs(atMs)
    this.#windows = account.heldBefore(this.#sinceMs).map(({ startMs, endMs }) => ({ startMs, endMs, spent: 0n }))
  }

  add(call: AdmittedCall, spent: ByUnit): void {
    const window = this.#windowAt(call.startedAtMs)
    if (window !== null && !this.gap.counts(call.callId)) window.spent += spent[this.account.unit]
  }

  #windowAt(atMs: number): TalliedWindow | null {
    const place = placeOf(this.#windows, atMs)
    const before = this.#windows[place - 1]
    if (before !== undefined && atMs < before.endMs) return before
    if (atMs < this.#sinceMs) return null
    const window = { ...this.account.spanAt(atMs), spent: 0n }
    this.#windows.splice(place, 0, window)
    return window
  }

  /** False where the account is not waiting for this, or for more than this. */
  adopt(): boolean {
    if (this.account.retired || this.account.gap !== this.gap) return false
    const read = new Set(this.#windows.map(({ startMs }) => startMs))
    if (this.account.heldBefore(this.#sinceMs).some(({ startMs }) => !read.has(startMs))) return false
    const windows: SpentWindow[] = this.#windows.map(({ startMs, spent }) => ({ atMs: startMs, spent, toldPercent: 0 }))
    this.account.learn(windows, this.#sinceMs)
    return true
  }
}

interface TalliedWindow {
  readonly startMs: number
  readonly endMs: number
  spent: bigint
}

/** How many windows begin at an instant or before: by halves, as jobs that run for weeks may hold in thousands. */
function placeOf(windows: readonly TalliedWindow[], atMs: number): number {
  let low = 0
  let high = windows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((windows[middle]?.startMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return low
}

export function foldOf(budgets: readonly BudgetAccounts[], atMs: number, adopted: () => void): Fold {
  const parts = budgets
    .map(({ matches, accounts }) => ({
      matches,
      tallies: accounts.flatMap((account) => (account.gap === null ? [] : [new Tally(account, account.gap, atMs)])),
    }))
    .filter(({ tallies }) => tallies.length > 0)
  return {
    add(call, amounts) {
      const spent = spentOf(amounts)
      for (const { matches, tallies } of parts) {
        if (matches(call)) for (const tally of tallies) tally.add(call, spent)
      }
    },
    adopt() {
      const done = parts.flatMap(({ tallies }) => tallies).map((tally) => tally.adopt())
      if (done.includes(true)) adopted()
    },
  }
}
