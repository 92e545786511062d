import assert from 'node:assert/strict'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget, BudgetLimit } from '#core/budget/budget.ts'
import { Hold } from '#core/budget/hold.ts'
import type { Short } from '#core/budget/short.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { globMatcher } from '#lib/glob.ts'

export const startMs = Date.UTC(2026, 2, 5, 12)
export const minuteMs = 60_000
export const hourMs = 60 * minuteMs

export const usdPerDay = (amount: bigint): BudgetLimit => ({ quantity: 'usd', window: 'day', picoUsd: picoUsd(amount) })

export function budget(name: string, limits: readonly BudgetLimit[], rest: Partial<Budget> = {}): Budget {
  return {
    name,
    scope: { payer: {}, tags: {}, keys: null, models: null, providers: null },
    timezone: 'UTC',
    monthStartDay: 1,
    limits,
    thresholds: [80, 95, 100],
    onExceeded: { kind: 'block' },
    nearLimit: 'shrink',
    unbounded: 'assume',
    ...rest,
  }
}

let calls = 0

export function call(startedAtMs = startMs, rest: Partial<AdmittedCall> = {}): AdmittedCall {
  const callId = `call_${calls++}`
  return { callId, startedAtMs, payer: emptyPayer, keyId: 'cfg_a', upstream: 'openai', modelRouted: 'm', ...rest }
}

export const usd = (amount: bigint, tokens = 0): Amounts => ({ picoUsd: picoUsd(amount), tokens })

/** A book that knows that nothing was spent. */
export function knowing(...budgets: Budget[]): BudgetBook {
  const book = new BudgetBook(budgets, globMatcher)
  book.fold(book.pending(), startMs).adopt()
  return book
}

export function held(result: Hold | Short): Hold {
  assert.ok(result instanceof Hold, `refused: ${result.kind}`)
  return result
}

export function refused(result: Hold | Short): Short {
  assert.ok(!(result instanceof Hold), 'it was held')
  return result
}

/** Of one limit: spent, held, available. */
export function figures(book: BudgetBook, atMs = startMs, index = 0): readonly (bigint | undefined)[] {
  const status = book.status(atMs)[index]
  return [status?.spent, status?.held, status?.available]
}
