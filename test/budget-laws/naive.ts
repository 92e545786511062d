import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import type { Budget, BudgetLimit, BudgetScope } from '#core/budget/budget.ts'
import { type WindowSpan, windowAt } from '#core/budget/windows.ts'
import { globMatcher } from '#lib/glob.ts'

export interface Entry {
  readonly call: AdmittedCall
  readonly amounts: Amounts
}

const spans = new Map<string, WindowSpan[]>()

/** Windows are proved by themselves; here they are remembered. */
export function spanOf(budget: Budget, limit: BudgetLimit, atMs: number): WindowSpan {
  if (limit.quantity === 'concurrent') return { startMs: -Infinity, endMs: Infinity }
  const kind = `${limit.window} ${budget.timezone} ${budget.monthStartDay}`
  const known = spans.get(kind) ?? []
  const found = known.findLast(({ startMs, endMs }) => startMs <= atMs && atMs < endMs)
  if (found !== undefined) return found
  const span = windowAt(limit.window, budget.timezone, budget.monthStartDay, atMs)
  spans.set(kind, [...known.slice(-8), span])
  return span
}

const judged = new WeakMap<BudgetScope, WeakMap<AdmittedCall, boolean>>()

/** What the scope says, field by field; asked so often that it is remembered. */
export function isAbout({ scope }: Budget, call: AdmittedCall): boolean {
  let ofScope = judged.get(scope)
  if (ofScope === undefined) {
    ofScope = new WeakMap()
    judged.set(scope, ofScope)
  }
  const known = ofScope.get(call)
  if (known !== undefined) return known
  const verdict = isIn(scope, call)
  ofScope.set(call, verdict)
  return verdict
}

function isIn(scope: BudgetScope, { payer, keyId, upstream, modelRouted }: AdmittedCall): boolean {
  for (const [field, values] of Object.entries(scope.payer)) {
    if (!values.includes(payer[field as 'department'])) return false
  }
  for (const [tag, values] of Object.entries(scope.tags)) {
    if (!values.includes(payer.tags[tag] ?? '')) return false
  }
  if (scope.keys !== null && !scope.keys.some((key) => keyId === key || keyId === `cfg_${key}`)) return false
  if (scope.models !== null && !globMatcher(scope.models)(modelRouted)) return false
  return scope.providers === null || scope.providers.includes(upstream)
}

export function mostOf(limit: BudgetLimit): bigint {
  return limit.quantity === 'usd' ? limit.picoUsd : BigInt(limit.count)
}

export function spentBy({ quantity }: BudgetLimit, { picoUsd, tokens }: Amounts): bigint {
  switch (quantity) {
    case 'usd':
      return picoUsd
    case 'requests':
      return 1n
    case 'tokens':
      return BigInt(tokens)
    case 'concurrent':
      return 0n
  }
}

export function heldBy(limit: BudgetLimit, amounts: Amounts): bigint {
  return limit.quantity === 'concurrent' ? 1n : spentBy(limit, amounts)
}

export interface Place {
  readonly budget: Budget
  readonly limit: BudgetLimit
  readonly span: WindowSpan
}

/** A sum over a list: what every figure of a book has to be. */
export function sumIn<One extends Entry>(
  entries: Iterable<One>,
  { budget, limit, span }: Place,
  amountOf: (limit: BudgetLimit, amounts: Amounts, one: One) => bigint,
): bigint {
  let sum = 0n
  for (const one of entries) {
    const atMs = one.call.startedAtMs
    if (span.startMs <= atMs && atMs < span.endMs && isAbout(budget, one.call)) sum += amountOf(limit, one.amounts, one)
  }
  return sum
}
