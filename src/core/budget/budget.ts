import type { Payer } from '#core/attribution/payer.ts'
import type { CallFacts } from '#core/ledger/entry.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'

export const budgetWindows = ['minute', 'hour', 'day', 'week', 'month'] as const

/** Calendar windows of the budget's time zone; weeks begin on Monday. */
export type BudgetWindow = (typeof budgetWindows)[number]

/** What a limit counts. `concurrent` has no window: it is how many calls may be under way at once. */
export type BudgetLimit =
  | { readonly quantity: 'usd'; readonly window: BudgetWindow; readonly picoUsd: PicoUsd }
  | { readonly quantity: 'requests' | 'tokens'; readonly window: BudgetWindow; readonly count: number }
  | { readonly quantity: 'concurrent'; readonly count: number }

/** Null for calls under way, which are counted at once. */
export function windowOf(limit: BudgetLimit): BudgetWindow | null {
  return limit.quantity === 'concurrent' ? null : limit.window
}

/** Whose calls a budget is about: those for which every field that is named has one of its values. {} = all calls. */
export interface BudgetScope {
  readonly payer: Readonly<Partial<Record<Exclude<keyof Payer, 'tags'>, readonly string[]>>>
  /** Tag name → values. */
  readonly tags: Readonly<Record<string, readonly string[]>>
  /** Names of configured keys, or ids of stored ones (`key_…`). */
  readonly keys: readonly string[] | null
  /** Globs of the routed model, matched without regard to case. */
  readonly models: readonly string[] | null
  /** Names of configured providers. */
  readonly providers: readonly string[] | null
}

export type OnExceeded =
  | { readonly kind: 'block' }
  | { readonly kind: 'notify' }
  /** Calls over the limit are served by this cheaper model. */
  | { readonly kind: 'reroute'; readonly model: string }

/**
 * What becomes of calls whose cost nobody bounds: what such calls seldom exceed is held; several times that is held, so
 * that they are refused near the limit; they are not made at all.
 */
export const unboundedRules = ['assume', 'reserve', 'refuse'] as const

export type UnboundedRule = (typeof unboundedRules)[number]

export interface Budget {
  /** Unique; what messages, records and the API call it. */
  readonly name: string
  readonly scope: BudgetScope
  /** IANA name. */
  readonly timezone: string
  /** Day on which months begin, 1 to 28. */
  readonly monthStartDay: number
  readonly limits: readonly BudgetLimit[]
  /** Percentages, ascending, at which somebody is told; of money limits. */
  readonly thresholds: readonly number[]
  readonly onExceeded: OnExceeded
  /** What becomes of a plain call whose upper bound does not fit: its output limit is lowered, or it is refused. */
  readonly nearLimit: 'shrink' | 'refuse'
  readonly unbounded: UnboundedRule
}

/** What of a call decides whether a budget is about it. A ledger entry's call fits. */
export type ScopedCall = Pick<CallFacts, 'payer' | 'keyId' | 'upstream' | 'modelRouted'>

/** The state of one limit in the window that holds now. Amounts of money in 1e-12 USD, others are counts. */
export interface LimitStatus {
  readonly budget: string
  readonly quantity: BudgetLimit['quantity']
  readonly window: BudgetWindow | null
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  /** Limit less spent and held; below zero where it is overdrawn. */
  readonly available: bigint
  /** Of the limit, spent, in thousandths, rounded down. */
  readonly permilleUsed: number
  readonly state: 'ok' | 'warning' | 'critical' | 'exceeded'
  readonly windowStartMs: number | null
  /** When it is reset. */
  readonly windowEndMs: number | null
  /** What will be spent by the end of the window if it goes on as it went so far in it; null early in the window. */
  readonly forecast: bigint | null
}
