import type { Payer } from '#core/attribution/payer.ts'
import type { AdmittedCall } from '#core/budget/amounts.ts'
import type { Caller } from '../request/admit.ts'
import type { Arrival } from '../request/arrival.ts'
import type { Ask } from '../request/ask.ts'
import type { Route } from '../request/route.ts'
import type { StreamAllowance } from './allowance.ts'

/** A call of which everything is known but whether there is money for it. */
export interface Asking {
  readonly arrival: Arrival
  readonly caller: Caller
  readonly ask: Ask
  readonly payer: Payer
  readonly route: Route
}

/** A call that its budgets have room for, in the way in which they have. */
export interface Reserved {
  readonly kind: 'reserved'
  /** As it was chosen, or what a budget made of it. */
  readonly route: Route
  /** What a stream may have of a budget that is nearly used up; null = all of it is held. */
  readonly allowance: StreamAllowance | null
  /** For the record. */
  readonly marks: readonly string[]
  /** For the answer: names and values in turn. */
  readonly headers: readonly string[]
}

const nothing: readonly string[] = []

export function reservedAs(route: Route, changes: Partial<Omit<Reserved, 'kind' | 'route'>> = {}): Reserved {
  const { allowance = null, marks = nothing, headers = nothing } = changes
  return { kind: 'reserved', route, allowance, marks, headers }
}

export function admittedCall({ arrival, payer, caller, route }: Asking): AdmittedCall {
  return {
    callId: arrival.callId,
    startedAtMs: arrival.startedAtMs,
    payer,
    keyId: caller.key.id,
    upstream: route.upstream.config.name,
    modelRouted: route.model,
  }
}
