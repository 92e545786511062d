import type { Payer } from '#core/attribution/payer.ts'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import type { Caller } from '../admit.ts'
import type { Arrival } from '../arrival.ts'
import type { Ask } from '../ask.ts'
import { ordersBatch } from '../read-batch.ts'
import type { Refusal } from '../refusal.ts'
import type { Road } from '../road.ts'
import type { Route } from '../route.ts'
import type { StreamAllowance } from './allowance.ts'
import { type Bound, boundOf } from './bound.ts'
import type { Asked } from './desk.ts'
import { type Near, nearLimit } from './near-limit.ts'
import { refuseShort } from './refuse-short.ts'
import { refuseUnbounded, refuseUnboundedWork } from './unbounded.ts'

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

/**
 * Holds the most that the call can cost in every budget that is about it, or in none. Far from the limits that is all;
 * near one it takes longer, see `nearLimit`. A call that no budget is about has a hold as well, or where there are none
 * at all a note: a budget that is made while it runs may be.
 */
export function reserve(road: Road, asking: Asking): Reserved | Refusal | Promise<Reserved | Refusal> {
  const { budgets } = road
  if (budgets.none) {
    budgets.note(asking.arrival.callId, () => askedBy(road, asking))
    return reservedAs(asking.route)
  }
  const call = admittedCall(asking)
  const { match, exchange } = asking.arrival
  if (!match.metered) {
    const refusal = ordersBatch(exchange.method, match.upstreamPath) ? refuseBatch(road, call) : null
    return refusal ?? reserveFree(road, call, asking.route)
  }
  const bound = boundOf(road, asking)
  if (bound.minding?.rule === 'refuse') return refuseUnbounded(bound, bound.minding)
  if (budgets.isBehind(call)) return nearLimit(road, near(road, asking, bound), budgets.shortOf(call, bound.most))
  const verdict = budgets.hold(call, bound.most)
  if (verdict.kind !== 'held') return nearLimit(road, near(road, asking, bound), verdict)
  return reservedAs(asking.route, { headers: budgets.rateHeaders(call) })
}

function near({ clock, budgets }: Road, asking: Asking, bound: Bound): Near {
  const untilMs = clock.monotonicMs() + budgets.options.holdWaitMs
  return { asking, call: admittedCall(asking), bound, rerouted: nothing, untilMs }
}

const free: Amounts = { picoUsd: picoUsd(0n), tokens: 0 }

function askedBy(road: Road, asking: Asking): Asked {
  return { call: admittedCall(asking), most: asking.arrival.match.metered ? boundOf(road, asking).most : free }
}

/** A batch costs nothing yet, and nobody says what it will: it is kept out by who takes no such work, or has nothing left. */
function refuseBatch({ budgets }: Road, call: AdmittedCall): Refusal | null {
  const refusing = budgets.refusesWork(call)
  if (refusing === null) return null
  if ('unbounded' in refusing) return refuseUnboundedWork(refusing.name)
  return refuseShort(refusing, { status: budgets.options.refusalStatus, headers: budgets.rateHeaders(call) })
}

/** What costs nothing is a request all the same. */
function reserveFree({ budgets }: Road, call: AdmittedCall, route: Route): Reserved | Refusal {
  const verdict = budgets.hold(call, free)
  const headers = budgets.rateHeaders(call)
  return verdict.kind === 'held'
    ? reservedAs(route, { headers })
    : refuseShort(verdict, { status: budgets.options.refusalStatus, headers })
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
