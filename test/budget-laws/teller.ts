import assert from 'node:assert/strict'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget, BudgetLimit, BudgetWindow } from '#core/budget/budget.ts'
import type { Crossing } from '#core/budget/crossing.ts'
import { basisOf } from '#core/budget/scope.ts'
import { globMatcher } from '#lib/glob.ts'
import { type Entry, mostOf, spanOf, spentBy, sumIn } from './naive.ts'

type Told = Map<
  string,
  { readonly budget: string; readonly window: BudgetWindow; readonly startMs: number; percent: number }
>

/**
 * A book that only follows the ledger, as whoever tells of crossed thresholds has it, and a list of what was told:
 * nothing may be told twice or too early, and nothing be missing.
 */
export class Teller {
  readonly #told: Told = new Map()
  #book: BudgetBook
  #budgets: readonly Budget[]
  #saved: { text: string; position: number }
  #since: Crossing[] = []

  constructor(budgets: readonly Budget[], atMs: number) {
    this.#budgets = budgets
    this.#book = new BudgetBook(budgets, globMatcher)
    this.#fold([], atMs)
    this.#saved = this.#save(0)
  }

  tell({ call, amounts }: Entry, ledger: readonly Entry[]): void {
    this.#hear(this.#book.book(call, amounts), ledger)
  }

  reconfigure(budgets: readonly Budget[], ledger: readonly Entry[], atMs: number): void {
    for (const [key, told] of this.#told) {
      const old = limitOf(this.#budgets, told.budget, told.window)
      const now = limitOf(budgets, told.budget, told.window)
      if (old === undefined || now === undefined || basisOf(old.budget) !== basisOf(now.budget)) {
        this.#told.delete(key)
      } else if (mostOf(now.limit) > mostOf(old.limit)) {
        const spent = sumIn(ledger, { ...now, span: spanOf(now.budget, now.limit, told.startMs) }, spentBy)
        while (told.percent > 0 && spent * 100n < BigInt(told.percent) * mostOf(now.limit)) told.percent -= 1
      }
    }
    this.#budgets = budgets
    this.#book.reconfigure(budgets)
    this.#fold(ledger, atMs)
    this.#hear(this.#book.crossings(atMs), ledger)
    this.#saved = this.#save(ledger.length)
  }

  /** Starts again from what it kept, and says the same as before of the same entries. */
  die(ledger: readonly Entry[]): void {
    this.#book = new BudgetBook(this.#budgets, globMatcher)
    assert.ok(this.#book.restore(JSON.parse(this.#saved.text)))
    const again = ledger.slice(this.#saved.position).flatMap(({ call, amounts }) => this.#book.book(call, amounts))
    assert.deepEqual(again, this.#since, 'the same entries make the same crossings')
    this.#saved = this.#save(ledger.length)
  }

  /** After a change of the clock: what an edited file made of windows that were not the present one. */
  look(ledger: readonly Entry[], atMs: number): void {
    const found = this.#book.crossings(atMs)
    if (found.length === 0) return
    this.#hear(found, ledger)
    this.#saved = this.#save(ledger.length)
  }

  check(ledger: readonly Entry[], atMs: number): void {
    const snapshot = this.#book.snapshot()
    for (const [at, budget] of this.#budgets.entries()) {
      for (const limit of budget.limits) {
        if (limit.quantity !== 'usd') continue
        const span = spanOf(budget, limit, atMs)
        const state = snapshot.budgets[at]?.limits.find((one) => one.quantity === 'usd' && one.window === limit.window)
        const isKept = state?.windows.some(({ startMs }) => startMs === span.startMs)
        if (state === undefined || (!isKept && span.startMs < state.knownSinceMs)) continue
        const spent = sumIn(ledger, { budget, limit, span }, spentBy)
        const told = this.#told.get(keyOf(budget.name, limit.window, span.startMs))?.percent ?? 0
        const missing = budget.thresholds.filter((percent) => {
          return percent > told && spent * 100n >= BigInt(percent) * limit.picoUsd
        })
        assert.deepEqual(missing, [], `${budget.name} ${limit.window}: not told`)
      }
    }
  }

  #hear(crossings: readonly Crossing[], ledger: readonly Entry[]): void {
    this.#since.push(...crossings)
    for (const { budget: name, window, thresholdPercent: percent, windowStartMs, limit: most, spent } of crossings) {
      const place = limitOf(this.#budgets, name, window)
      if (place === undefined) throw new assert.AssertionError({ message: `${name} ${window} is no limit` })
      assert.ok(place.budget.thresholds.includes(percent))
      assert.equal(most, mostOf(place.limit))
      const sum = sumIn(ledger, { ...place, span: spanOf(place.budget, place.limit, windowStartMs) }, spentBy)
      assert.equal(spent, sum)
      assert.ok(sum * 100n >= BigInt(percent) * most, 'told too early')
      const key = keyOf(name, window, windowStartMs)
      const told = this.#told.get(key) ?? { budget: name, window, startMs: windowStartMs, percent: 0 }
      assert.ok(percent > told.percent, `${key}: ${percent} % told twice`)
      told.percent = percent
      this.#told.set(key, told)
    }
  }

  #fold(ledger: readonly Entry[], atMs: number): void {
    const fold = this.#book.fold(this.#book.pending(), atMs)
    for (const { call, amounts } of ledger) fold.add(call, amounts)
    fold.adopt()
  }

  #save(position: number): { text: string; position: number } {
    this.#since = []
    return { text: JSON.stringify(this.#book.snapshot()), position }
  }
}

function keyOf(budget: string, window: BudgetWindow, startMs: number): string {
  return `${budget} ${window} ${startMs}`
}

function limitOf(
  budgets: readonly Budget[],
  name: string,
  window: BudgetWindow,
): { readonly budget: Budget; readonly limit: BudgetLimit } | undefined {
  const budget = budgets.find((one) => one.name === name)
  const limit = budget?.limits.find((one) => one.quantity === 'usd' && one.window === window)
  return budget === undefined || limit === undefined ? undefined : { budget, limit }
}
