import type { CallFacts } from '#core/ledger/entry.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { BudgetLimit, ScopedCall } from './budget.ts'

/** What a call takes of budgets, at most or exactly. */
export interface Amounts {
  readonly picoUsd: PicoUsd
  /** Input and output. */
  readonly tokens: number
}

/** A call that is admitted: `startedAtMs` says to which windows it belongs, for good. A ledger entry's call fits. */
export type AdmittedCall = ScopedCall & Pick<CallFacts, 'callId' | 'startedAtMs'>

/** The same for every kind of limit, by `unitOf`: money, requests, tokens, calls under way. */
export type ByUnit = readonly [bigint, bigint, bigint, bigint]

export type Unit = 0 | 1 | 2 | 3

export const unitOf = { usd: 0, requests: 1, tokens: 2, concurrent: 3 } as const satisfies Record<
  BudgetLimit['quantity'],
  Unit
>

/** Of a call that is under way. */
export function heldOf({ picoUsd, tokens }: Amounts): ByUnit {
  return [picoUsd, 1n, BigInt(tokens), 1n]
}

/** Of a call that is over. */
export function spentOf({ picoUsd, tokens }: Amounts): ByUnit {
  return [picoUsd, 1n, BigInt(tokens), 0n]
}

export function limitOf(limit: BudgetLimit): bigint {
  return limit.quantity === 'usd' ? limit.picoUsd : BigInt(limit.count)
}
