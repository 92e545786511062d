import { formatPico, parseUsd } from '#core/money/usd-text.ts'
import type { Account, SpentWindow } from './account.ts'
import type { BudgetAccounts } from './accounts.ts'
import { type BudgetLimit, type BudgetWindow, budgetWindows } from './budget.ts'
import { shareOf } from './crossing.ts'

/** What was spent, as JSON: what a book is restored from, together with the entries that came since. */
export interface BudgetSnapshot {
  readonly version: 1
  readonly budgets: readonly BudgetState[]
}

interface BudgetState {
  readonly name: string
  /** Changed where scope, time zone or start of the month are: what was spent is then another sum. */
  readonly basis: string
  readonly limits: readonly LimitState[]
}

interface LimitState {
  readonly quantity: BudgetLimit['quantity']
  readonly window: BudgetWindow
  /** Money as decimal text in USD, others as whole numbers in text. */
  readonly limit: string
  readonly knownSinceMs: number
  readonly windows: readonly { readonly startMs: number; readonly spent: string; readonly toldPercent: number }[]
}

/** Leaves out limits that are pending, which come back pending, and all holds. */
export function snapshotOf(budgets: readonly BudgetAccounts[]): BudgetSnapshot {
  return {
    version: 1,
    budgets: budgets.map(({ budget, basis, accounts }) => ({
      name: budget.name,
      basis,
      limits: accounts.flatMap((account) => {
        const { quantity, window, limit, knownSinceMs, gap } = account
        if (window === null || gap !== null) return []
        const text = (amount: bigint): string => (quantity === 'usd' ? formatPico(amount) : amount.toString())
        const windows = account.buckets.map(({ startMs, spent, toldPercent }) => ({
          startMs,
          spent: text(spent),
          toldPercent,
        }))
        return [{ quantity, window, limit: text(limit), knownSinceMs, windows }]
      }),
    })),
  }
}

/** What a pending account was, where the snapshot has it: to be handed to `learn`. */
interface Remembered {
  readonly account: Account
  readonly windows: readonly SpentWindow[]
  readonly knownSinceMs: number
}

/** Null where it is not a snapshot of this version. */
export function rememberedIn(snapshot: unknown, budgets: readonly BudgetAccounts[]): readonly Remembered[] | null {
  if (!isSnapshot(snapshot)) return null
  const states = new Map(snapshot.budgets.map((state) => [state.name, state]))
  return budgets.flatMap(({ budget, basis, accounts }) => {
    const state = states.get(budget.name)
    if (state?.basis !== basis) return []
    const left = [...state.limits]
    return accounts.flatMap((account) => {
      const index = left.findIndex(({ quantity, window }) => quantity === account.quantity && window === account.window)
      const found = index === -1 ? undefined : left.splice(index, 1)[0]
      return found === undefined || account.gap === null ? [] : [remember(account, found)]
    })
  })
}

function remember(account: Account, { quantity, limit, knownSinceMs, windows }: LimitState): Remembered {
  const read = (text: string): bigint => (quantity === 'usd' ? parseUsd(text) : BigInt(text))
  const wasRaised = account.limit > read(limit)
  return {
    account,
    knownSinceMs,
    windows: windows.map(({ startMs, spent, toldPercent }) => {
      const percent = Number(shareOf(read(spent), account.limit, 100n))
      return {
        atMs: startMs,
        spent: read(spent),
        toldPercent: wasRaised ? Math.min(toldPercent, percent) : toldPercent,
      }
    }),
  }
}

function isSnapshot(value: unknown): value is BudgetSnapshot {
  return isObject(value) && value['version'] === 1 && isListOf(value['budgets'], isBudgetState)
}

function isBudgetState(value: unknown): boolean {
  if (!isObject(value)) return false
  return (
    typeof value['name'] === 'string' && typeof value['basis'] === 'string' && isListOf(value['limits'], isLimitState)
  )
}

function isLimitState(value: unknown): boolean {
  if (!isObject(value)) return false
  const { quantity, window, limit, knownSinceMs, windows } = value
  if (quantity !== 'usd' && quantity !== 'requests' && quantity !== 'tokens') return false
  const isAmount = quantity === 'usd' ? isMoney : isCount
  const known = budgetWindows.some((name) => name === window)
  const isWindow = (entry: unknown): boolean => {
    return isObject(entry) && isMs(entry['startMs']) && isAmount(entry['spent']) && isMs(entry['toldPercent'])
  }
  return known && isAmount(limit) && isMs(knownSinceMs) && isListOf(windows, isWindow)
}

function isMoney(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+\.\d{12}$/.test(value)
}

function isCount(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+$/.test(value)
}

function isMs(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
