import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { ordersBatch } from '#providers/batch-paths.ts'
import type { Refusal } from '../refusal.ts'
import type { Route } from '../request/route.ts'
import type { Road } from '../road.ts'
import { type Asking, admittedCall, type Reserved, reservedAs } from './asking.ts'
import { type Bound, boundOf } from './bound.ts'
import type { Asked } from './desk.ts'
import { type Near, nearLimit } from './near-limit.ts'
import { refuseShort } from './refuse-short.ts'
import { refuseUnbounded, refuseUnboundedWork } from './refuse-unbounded.ts'

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
  return { asking, call: admittedCall(asking), bound, rerouted: [], untilMs }
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
