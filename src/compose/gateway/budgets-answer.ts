import type { LimitStatus } from '#core/budget/budget.ts'
import type { BudgetKeeper } from './budget-keeper.ts'

/** One limit as the processes of an instance tell it each other: amounts of money in 1e-12 USD, as text. */
export interface LimitAnswer extends Omit<LimitStatus, 'limit' | 'spent' | 'held' | 'available' | 'forecast'> {
  readonly limit: string
  readonly spent: string
  readonly held: string
  readonly available: string
  readonly forecast: string | null
}

export interface BudgetsAnswer {
  readonly limits: readonly LimitAnswer[]
  /** Budgets of which it is not known yet what was spent. */
  readonly pending: readonly string[]
  /** Why that is so, where the journal cannot be read; null where it is being added up. */
  readonly unreadable: string | null
  /** Calls that wait for what others hold. */
  readonly waiting: number
}

export function budgetsAnswer(keeper: BudgetKeeper): BudgetsAnswer {
  const { limits, ...more } = keeper.status()
  return { limits: limits.map(answerOf), ...more }
}

function answerOf(status: LimitStatus): LimitAnswer {
  const { limit, spent, held, available, forecast } = status
  return {
    ...status,
    limit: String(limit),
    spent: String(spent),
    held: String(held),
    available: String(available),
    forecast: forecast === null ? null : String(forecast),
  }
}
