import type { Payer } from '#core/attribution/payer.ts'
import type { BudgetScope, ScopedCall } from './budget.ts'

/** Whether a name matches any of the globs, without regard to case. */
export type GlobMatcher = (globs: readonly string[]) => (name: string) => boolean

type Test = (call: ScopedCall) => boolean

/** Whether a budget of this scope is about a call: all fields that are named must have one of their values. */
export function scopeMatcher(scope: BudgetScope, matcher: GlobMatcher): Test {
  const tests = testsOf(scope, matcher)
  return (call) => tests.every((test) => test(call))
}

function testsOf(scope: BudgetScope, matcher: GlobMatcher): Test[] {
  const tests: Test[] = []
  for (const property of payerProperties(scope)) {
    const values = new Set(scope.payer[property])
    tests.push(({ payer }) => values.has(payer[property]))
  }
  for (const [tag, wanted] of Object.entries(scope.tags)) {
    const values = new Set(wanted)
    tests.push(({ payer }) => {
      const value = tagOf(payer, tag)
      return value !== undefined && values.has(value)
    })
  }
  if (scope.keys !== null) {
    const ids = new Set(scope.keys.flatMap((key) => [key, `cfg_${key}`]))
    tests.push(({ keyId }) => ids.has(keyId))
  }
  if (scope.providers !== null) {
    const names = new Set(scope.providers)
    tests.push(({ upstream }) => names.has(upstream))
  }
  if (scope.models !== null) {
    const matches = matcher(scope.models)
    tests.push(({ modelRouted }) => matches(modelRouted))
  }
  return tests
}

function payerProperties(scope: BudgetScope): (keyof BudgetScope['payer'])[] {
  return Object.keys(scope.payer) as (keyof BudgetScope['payer'])[]
}

/** Names of tags come from callers: `constructor` is nobody's tag unless somebody set it. */
function tagOf(payer: Payer, tag: string): string | undefined {
  return Object.hasOwn(payer.tags, tag) ? payer.tags[tag] : undefined
}

/**
 * A text that is equal for two calls that these scopes cannot tell apart, so that what was found for one holds for the
 * other. Each value stands behind its length: no value can pass for two.
 */
export function sameness(scopes: readonly BudgetScope[]): (call: ScopedCall) => string {
  const properties = [...new Set(scopes.flatMap(payerProperties))]
  const tags = [...new Set(scopes.flatMap(({ tags }) => Object.keys(tags)))]
  const byKey = scopes.some(({ keys }) => keys !== null)
  const byUpstream = scopes.some(({ providers }) => providers !== null)
  const byModel = scopes.some(({ models }) => models !== null)
  return ({ payer, keyId, upstream, modelRouted }) => {
    let text = ''
    for (const property of properties) text += measured(payer[property])
    for (const tag of tags) {
      const value = tagOf(payer, tag)
      text += value === undefined ? '-' : measured(value)
    }
    if (byKey) text += measured(keyId)
    if (byUpstream) text += measured(upstream)
    if (byModel) text += measured(modelRouted)
    return text
  }
}

function measured(value: string): string {
  return `${value.length}:${value}`
}

/** The same text for budgets whose spending is the same: what of a budget must not change for it to keep it. */
export function basisOf(budget: {
  readonly scope: BudgetScope
  readonly timezone: string
  readonly monthStartDay: number
}): string {
  const { payer, tags, keys, models, providers } = budget.scope
  return JSON.stringify([
    ordered(payer),
    ordered(tags),
    sorted(keys),
    sorted(models),
    sorted(providers),
    budget.timezone,
    budget.monthStartDay,
  ])
}

function ordered(values: Readonly<Record<string, readonly string[] | undefined>>): unknown {
  const names = Object.keys(values).sort()
  return names.map((name) => [name, sorted(values[name] ?? null)])
}

function sorted(values: readonly string[] | null): readonly string[] | null {
  return values === null ? null : [...new Set(values)].sort()
}
