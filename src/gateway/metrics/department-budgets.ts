import type { Budget, BudgetScope } from '#core/budget/budget.ts'

/**
 * Departments by the name of the budget that stands for their month: one with a limit of money for a month that is about
 * this department and nothing else. Where a department has several, the first counts: two would be one series. Pure.
 */
export function departmentBudgets(budgets: readonly Budget[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const taken = new Set<string>()
  for (const { name, scope, limits } of budgets) {
    const department = onlyDepartment(scope)
    const monthly = limits.some((limit) => limit.quantity === 'usd' && limit.window === 'month')
    if (department === null || !monthly || taken.has(department)) continue
    taken.add(department)
    found.set(name, department)
  }
  return found
}

function onlyDepartment({ payer, tags, keys, models, providers }: BudgetScope): string | null {
  const [department, ...others] = payer.department ?? []
  if (department === undefined || others.length > 0) return null
  const more = Object.keys(payer).length > 1 || Object.keys(tags).length > 0
  return more || keys !== null || models !== null || providers !== null ? null : department
}
