import type { BudgetWindow } from './budget.ts'

/**
 * A money limit of which a percentage was used up for the first time in a window. Amounts in 1e-12 USD. Each comes once
 * per budget, window and threshold, and again only where a raised limit had brought the use below the threshold. The
 * same entries in the same order make the same crossings.
 */
export interface Crossing {
  readonly budget: string
  readonly window: BudgetWindow
  readonly thresholdPercent: number
  readonly windowStartMs: number
  readonly windowEndMs: number
  readonly limit: bigint
  readonly spent: bigint
}

/** What must be spent so that the threshold is crossed. */
export function spentAtThreshold(limit: bigint, thresholdPercent: number): bigint {
  return (limit * BigInt(thresholdPercent) + 99n) / 100n
}

/** Of the limit, in `parts` parts, rounded down. Nothing is left of a limit of nothing. */
export function shareOf(spent: bigint, limit: bigint, parts: bigint): bigint {
  if (limit <= 0n) return parts
  return spent <= 0n ? 0n : (spent * parts) / limit
}
