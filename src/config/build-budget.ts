import { payerFields, payerProperty } from '#core/attribution/payer.ts'
import type { Budget, BudgetLimit, BudgetScope } from '#core/budget/budget.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import type { BudgetEntry, BudgetLimitEntry, BudgetScopeEntry } from './budget-schema.ts'
import { defaultThresholds } from './defaults.ts'

/** A budget from an entry without faults. */
export function buildBudget(entry: BudgetEntry, fiscalMonthStart = 1): Budget {
  const onExceeded = entry.on_exceeded ?? { kind: 'block' }
  return {
    name: entry.name,
    scope: buildScope(entry.scope ?? {}),
    timezone: entry.timezone ?? 'UTC',
    monthStartDay: entry.month_start_day ?? fiscalMonthStart,
    limits: entry.limits.flatMap(buildLimit),
    thresholds: entry.thresholds ?? defaultThresholds,
    onExceeded,
    nearLimit: entry.near_limit ?? 'refuse',
    // What notifies or reroutes can be exceeded whatever is held.
    unbounded: entry.unbounded ?? (onExceeded.kind === 'block' ? 'reserve' : 'assume'),
  }
}

function buildScope(said: BudgetScopeEntry): BudgetScope {
  const payer: { -readonly [K in keyof BudgetScope['payer']]: BudgetScope['payer'][K] } = {}
  for (const field of payerFields) {
    const values = field === 'user_id' ? (said.user_id ?? said.user) : said[field]
    if (values !== undefined) payer[payerProperty[field]] = values
  }
  return {
    payer,
    tags: said.tags ?? {},
    // Records call a key of this file `cfg_<name>`, so people write that as well.
    keys: said.key?.map((key) => key.replace(/^cfg_/, '')) ?? null,
    models: said.model ?? null,
    providers: said.provider ?? null,
  }
}

/** One quantity, as was checked; none where it was not. */
function buildLimit({ window, usd, requests, tokens, concurrent }: BudgetLimitEntry): BudgetLimit[] {
  if (concurrent !== undefined) return [{ quantity: 'concurrent', count: concurrent }]
  if (window === undefined) return []
  if (usd !== undefined) return [{ quantity: 'usd', window, picoUsd: parseUsd(usd) }]
  if (requests !== undefined) return [{ quantity: 'requests', window, count: requests }]
  return tokens === undefined ? [] : [{ quantity: 'tokens', window, count: tokens }]
}
