import { globMatcher, isLiteral } from '#lib/glob.ts'
import type { BudgetEntry, BudgetLimitEntry, BudgetScopeEntry } from './budget-schema.ts'
import { buildBudget } from './build-budget.ts'
import { modelsOf } from './defaults.ts'
import type { Entries, Report } from './entries.ts'
import type { PathPart } from './faults.ts'
import { repeated } from './repeated.ts'

/** What no single value of a budget shows. */
export function checkBudgets(entries: Entries, report: Report): void {
  const serves = servedModels(entries)
  for (const { index, entry } of entries.parts.budgets) {
    const at = ['budgets', index]
    checkLimits(entry.limits ?? [], [...at, 'limits'], report)
    checkThresholds(entry.thresholds ?? [], [...at, 'thresholds'], report)
    checkScope(entry.scope ?? {}, [...at, 'scope'], { entries, report, serves })
    checkReroute(entry, [...at, 'on_exceeded'], { entries, report, serves })
    const { on_exceeded: end, unbounded = 'assume' } = entry
    if (unbounded !== 'assume' && end !== undefined && end.kind !== 'block') {
      report([...at, 'unbounded'], `stands beside on_exceeded: ${end.kind}, which can be exceeded`, 'assume')
    } else if (unbounded === 'refuse' && entries.singles.cost_source === 'provider') {
      const wrong = 'takes no call with cost_source: provider: what will be stated has no bound'
      report([...at, 'unbounded'], wrong, 'assume, reserve')
    }
  }
  const everyLimit = entries.budgets.flatMap(({ index, entry }) =>
    entry.limits.map((limit, place) => ({ index, entry: { limit, place, budget: entry } })),
  )
  // Of budgets with one scope, a soft and a hard limit make sense; two limits that do the same do not.
  repeated(
    everyLimit.map((entry, index) => ({ index, entry })),
    ({ index, entry: { limit, budget, place } }) => {
      const { scope, timezone, monthStartDay, onExceeded } = buildBudget(budget, entries.singles.fiscal_month_start)
      const models = scope.models?.map((model) => model.toLowerCase()) ?? null
      const of = [scope.payer, scope.tags, scope.keys, models, scope.providers].map(sorted)
      const identity = [
        of,
        zoneMeant(timezone),
        monthStartDay,
        onExceeded.kind,
        quantities(limit),
        limit.window ?? null,
      ]
      return quantities(limit).length === 1 ? JSON.stringify(identity) : `${index} ${place}`
    },
    (at, first) => {
      const here = everyLimit[at]
      const there = everyLimit[first]
      if (here === undefined || there === undefined || here.index === there.index) return
      report(
        ['budgets', here.index, 'limits', here.entry.place],
        `overlaps budgets[${there.index}].limits[${there.entry.place}]: same scope, quantity, window and consequence`,
        'another scope, or one of the two',
      )
    },
  )
}

/** The same text for the same scope, whatever the order of its parts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value)].sort()
  if (value === null || typeof value !== 'object') return value
  return Object.entries(value)
    .map(([key, inner]) => [key, sorted(inner)])
    .sort()
}

function quantities(limit: BudgetLimitEntry): string[] {
  return (['usd', 'requests', 'tokens', 'concurrent'] as const).filter((quantity) => limit[quantity] !== undefined)
}

function checkLimits(limits: readonly BudgetLimitEntry[], at: readonly PathPart[], report: Report): void {
  limits.forEach((limit, place) => {
    const [quantity, ...more] = quantities(limit)
    if (quantity === undefined || more.length > 0) {
      const wrong = quantity === undefined ? 'limits nothing' : `limits ${[quantity, ...more].join(' and ')}`
      report([...at, place], wrong, 'exactly one of usd, requests, tokens, concurrent')
    } else if (quantity === 'concurrent' && limit.window !== undefined) {
      report([...at, place, 'window'], 'stands beside concurrent', 'no window: calls under way are counted at once')
    } else if (quantity !== 'concurrent' && limit.window === undefined) {
      report([...at, place, 'window'], 'is missing', 'one of minute, hour, day, week, month')
    }
  })
  repeated(
    limits.map((entry, index) => ({ index, entry })),
    (limit) => `${quantities(limit).join(' ')} ${limit.window}`,
    (place, first) => report([...at, place], `limits the same as limits[${first}]`, 'each quantity once a window'),
  )
}

function checkThresholds(thresholds: readonly number[], at: readonly PathPart[], report: Report): void {
  thresholds.forEach((percent, place) => {
    if (percent <= (thresholds[place - 1] ?? 0)) {
      report([...at, place], 'is not above the one before it', 'percentages in ascending order')
    }
  })
}

/** One name for all names of a zone. */
function zoneMeant(timezone: string): string {
  return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone
}

interface Checked {
  readonly entries: Entries
  readonly report: Report
  /** Whether some provider of the file has the model; true where that is not known. */
  readonly serves: (model: string) => boolean
}

function servedModels({ parts, modelsComplete }: Entries): Checked['serves'] {
  return modelsComplete ? globMatcher(parts.providers.flatMap(({ entry }) => modelsOf(entry))) : () => true
}

function isAlias({ parts }: Entries, model: string): boolean {
  return parts.aliases.some(({ entry }) => entry.name?.toLowerCase() === model.toLowerCase())
}

function checkReroute(
  { limits, on_exceeded: end }: Partial<BudgetEntry>,
  at: readonly PathPart[],
  checked: Checked,
): void {
  if (end?.kind !== 'reroute') return
  const { entries, report, serves } = checked
  if (limits?.every(({ usd }) => usd === undefined) === true) {
    report(at, 'reroutes a budget that limits no money', 'a limit of usd, or block or notify')
  } else if (!isAlias(entries, end.model) && !serves(end.model)) {
    report(at, `reroutes to ${end.model}, which no provider serves`, "a model that matches some provider's models")
  }
}

function checkScope(scope: BudgetScopeEntry, at: readonly PathPart[], { entries, report, serves }: Checked): void {
  if (scope.user !== undefined && scope.user_id !== undefined) {
    report([...at, 'user'], 'stands beside user_id', 'one of the two')
  }
  if (scope.tags !== undefined && Object.keys(scope.tags).length === 0) {
    report([...at, 'tags'], 'is empty', 'at least one tag, or the setting left out')
  }
  scope.provider?.forEach((provider, place) => {
    if (entries.providerNames.has(provider)) return
    const known = entries.toldNames.join(', ')
    report(placeOf(scope.provider, [...at, 'provider'], place), 'names no provider', `one of ${known}`)
  })
  scope.key?.forEach((key, place) => {
    // Keys of `tollgate keys` are not in the file; whether there is such a one is not known here.
    if (key.startsWith('key_') || entries.keyNames.has(key.replace(/^cfg_/, ''))) return
    report(
      placeOf(scope.key, [...at, 'key'], place),
      'names no key of this file',
      'the name of one, or key_… of a stored one',
    )
  })
  // What is metered elsewhere may be of any model.
  const known = entries.parts.incoming.length > 0 ? () => true : serves
  scope.model?.forEach((model, place) => {
    if (!isLiteral(model)) return
    const path = placeOf(scope.model, [...at, 'model'], place)
    if (isAlias(entries, model)) report(path, 'is an alias', 'the model that it stands for, which is what is counted')
    else if (!known(model)) report(path, 'is served by no provider', "a model that matches some provider's models")
  })
}

/** A single value stands at the setting itself. */
function placeOf(values: readonly unknown[] | undefined, at: readonly PathPart[], place: number): readonly PathPart[] {
  return values?.length === 1 ? at : [...at, place]
}
