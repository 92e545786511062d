import type { Account } from '#core/budget/account.ts'
import type { AdmittedCall } from '#core/budget/amounts.ts'
import type { Short } from '#core/budget/short.ts'
import type { ClientExchange } from '#ports.ts'
import { type Refusal, refused, stopping } from '../refusal.ts'
import { limitedRoute, routeToModel } from '../request/route.ts'
import type { Road } from '../road.ts'
import { StreamAllowance } from './allowance.ts'
import { type Asking, admittedCall, type Reserved, reservedAs } from './asking.ts'
import { type Bound, boundOf } from './bound.ts'
import { refuseShort } from './refuse-short.ts'
import { refuseUnbounded, unboundedHint } from './refuse-unbounded.ts'

export interface Near {
  readonly asking: Asking
  readonly call: AdmittedCall
  readonly bound: Bound
  /** Budgets that have had the call rerouted to this model: their money does not refuse it any more. */
  readonly rerouted: readonly string[]
  /** Monotonic: how long it may wait for what other calls hold. */
  readonly untilMs: number
}

/** Tokens of output that a stream begins with: more than come at once, where an answer is written as it is thought up. */
const firstTokens = 256
/** A stream begins with no fewer: what comes at once is billed, whatever is held. */
const fewestFirstTokens = 128
/** An answer that is made shorter has no fewer: less helps nobody. */
const fewestTokens = 16

/**
 * What can be done for a call whose upper bound does not fit into a budget, in this order: its prompt is counted
 * instead of bounded; a stream begins with a small hold that grows; the call waits for money that other calls hold and
 * may not need; a plain call's output limit is lowered, where the budget says so; a cheaper model serves, where it says
 * that; else it is refused. A call that would fit (`first` is null) but for those who came earlier waits like them.
 */
export async function nearLimit(road: Road, near: Near, first: Short | null): Promise<Reserved | Refusal> {
  if (first !== null && !isShortOfAmounts(first)) return refuse(road, near, first)
  const counted = { ...near, bound: await near.bound.counted() }
  const taken = await takeInTurn(road, counted)
  if (taken.kind === 'reserved' || taken.kind === 'refused') return taken
  return isShortOfAmounts(taken) ? lessThanAsked(road, counted, near, taken) : refuse(road, near, taken)
}

async function takeInTurn(road: Road, near: Near): Promise<Reserved | Short | Refusal> {
  const { budgets } = road
  const { exchange } = near.asking.arrival
  const stopped = reasonToStop(road, exchange)
  if (stopped !== null) return stopped
  const withinMs = near.untilMs - road.clock.monotonicMs()
  let taken = withinMs > 0 && budgets.isBehind(near.call) ? null : takeWhatFits(road, near)
  const inTheWay = taken === null ? nothing : worthWaitingFor(taken)
  if (taken !== null && (inTheWay === null || withinMs <= 0)) return taken
  const attempt = (): readonly Account[] | null => {
    taken = takeWhatFits(road, near)
    return worthWaitingFor(taken)
  }
  const wait = budgets.lineUp(near.call, { attempt, inTheWay: inTheWay ?? nothing, withinMs })
  exchange.onGone(() => wait.end())
  await wait.over
  return reasonToStop(road, exchange) ?? (isReserved(taken) ? taken : takeWhatFits(road, near))
}

const nothing: readonly Account[] = Object.freeze([])

function reasonToStop(road: Road, exchange: ClientExchange): Refusal | null {
  if (exchange.gone) return refused('client_left', 'The caller left while its call waited for a budget.')
  return road.running.closed ? stopping : null
}

/** What stands in the way, where other calls may give it back; null where there is nothing to wait for. */
function worthWaitingFor(taken: Reserved | Short): readonly Account[] | null {
  return taken.kind !== 'reserved' && isShortOfAmounts(taken) && taken.canWait ? taken.inTheWay : null
}

function isReserved(taken: Reserved | Short | null): taken is Reserved {
  return taken?.kind === 'reserved'
}

/** Of money or of tokens, which a call may need less of than was asked for it. */
function isShortOfAmounts({ kind, quantity }: Short): boolean {
  return kind === 'budget' || (kind === 'limited' && quantity === 'tokens')
}

async function lessThanAsked(road: Road, counted: Near, near: Near, short: Short): Promise<Reserved | Refusal> {
  const less = takeRest(road, counted, short)
  return less.kind === 'reserved' ? less : ((await rerouted(road, near, short)) ?? refuse(road, near, short))
}

function takeWhatFits(road: Road, near: Near): Reserved | Short {
  const { asking, call, bound } = near
  const whole = road.budgets.hold(call, bound.most, near.rerouted)
  if (whole.kind === 'held') return reservedAs(asking.route, { headers: road.budgets.rateHeaders(call) })
  if (!isShortOfAmounts(whole)) return whole
  const begun = bound.streamsAllOutput ? flowing(road, near, whole, firstTokens) : whole
  return begun.kind === 'reserved' || begun.canWait ? begun : takeRest(road, near, whole)
}

/**
 * The call with whatever is left for it. Where that is too little it can still wait: others that took a rest hold more than
 * they may need.
 */
function takeRest(road: Road, near: Near, whole: Short): Reserved | Short {
  if (!near.bound.streamsAllOutput) return shrunk(road, near, whole)
  return flowing(road, near, whole, Math.max(affordable(road, near), fewestFirstTokens))
}

/** A stream whose hold grows as its tokens flow. */
function flowing(road: Road, near: Near, whole: Short, beginTokens: number): Reserved | Short {
  const { asking, call, bound } = near
  const coveredTokens = Math.min(beginTokens, bound.mostOutputTokens)
  const begun = road.budgets.hold(call, bound.withOutput(coveredTokens), near.rerouted)
  if (begun.kind !== 'held') return begun
  const allowance = new StreamAllowance({
    hold: begun,
    boundPicoUsd: (tokens) => bound.withOutput(tokens).picoUsd,
    coveredTokens,
    mostTokens: bound.mostOutputTokens,
    budget: whole.budget,
    countTokens: (text) => bound.countOutput(text),
  })
  return reservedAs(asking.route, { allowance, headers: road.budgets.rateHeaders(call) })
}

/** A plain call with as much output as its budgets can pay, where they want that. */
function shrunk(road: Road, near: Near, whole: Short): Reserved | Short {
  const { asking, call, bound } = near
  const { arrival, ask, route } = asking
  const { outputs } = bound
  if (ask.facts.stream || whole.nearLimit !== 'shrink' || outputs === null) return whole
  const fewest = Math.max(fewestTokens, ask.reach.leastOutputTokens)
  if (fewest * outputs > bound.mostOutputTokens) return whole
  const perAnswer = Math.max(Math.floor(affordable(road, near) / outputs), fewest)
  const less = bound.withOutput(perAnswer * outputs)
  const short = road.budgets.shortOf(call, less, near.rerouted)
  if (short !== null) return short
  const limited = limitedRoute(road, arrival, ask, route, perAnswer)
  if (limited === null) return whole
  const verdict = road.budgets.hold(call, less, near.rerouted)
  if (verdict.kind !== 'held') return verdict
  return reservedAs(limited, { marks: ['output_shrunk'], headers: road.budgets.rateHeaders(call) })
}

/** Tokens of output for which all that are about the call have money, and tokens. */
function affordable(road: Road, { call, bound, rerouted }: Near): number {
  const money = road.budgets.available(call, rerouted)
  const tokens = road.budgets.availableTokens(call)
  const paid = money === null ? bound.mostOutputTokens : bound.affordableOutput(money)
  return tokens === null ? paid : Math.min(paid, Math.max(0, Number(tokens) - bound.withOutput(0).tokens))
}

/**
 * A cheaper model, where all budgets that are short name one; null otherwise. Other budgets may be short of that call as
 * well: then it has what every call has near a limit, but for another model and more time to wait.
 */
async function rerouted(road: Road, near: Near, short: Short): Promise<Reserved | Refusal | null> {
  const { asking } = near
  const { arrival, ask, route } = asking
  if (short.reroute === null || near.rerouted.length > 0) return null
  const cheaper = routeToModel(road, arrival, ask, short.reroute.model)
  if (cheaper === null || cheaper.model === route.model) return null
  const there = { ...asking, route: cheaper }
  const call = admittedCall(there)
  const bound = boundOf(road, there)
  if (bound.minding?.rule === 'refuse') return refuseUnbounded(bound, bound.minding)
  const { budgets } = short.reroute
  const verdict = road.budgets.hold(call, bound.most, budgets)
  const reserved =
    verdict.kind === 'held'
      ? reservedAs(cheaper, { headers: road.budgets.rateHeaders(call) })
      : await nearLimit(road, { ...near, asking: there, call, bound, rerouted: budgets }, verdict)
  if (reserved.kind === 'refused') return reserved
  const marks = [...budgets.map((budget) => `rerouted:${budget}`), ...reserved.marks]
  const told = ['x-tollgate-rerouted', `${route.model} -> ${cheaper.model}`]
  return { ...reserved, marks, headers: [...told, ...reserved.headers] }
}

function refuse(road: Road, { call, bound, rerouted }: Near, short: Short): Refusal {
  const { refusalStatus: status } = road.budgets.options
  const hint = unboundedHint(bound, road.budgets.available(call, rerouted))
  return refuseShort(short, { status, headers: road.budgets.rateHeaders(call), hint })
}
