import type { BudgetBoard } from '#console/route.ts'

/** Where none are configured. */
export const noBudgets: BudgetBoard = {
  configured: () => [],
  states: async () => ({ limits: [], pending: [], unreadable: null }),
}
