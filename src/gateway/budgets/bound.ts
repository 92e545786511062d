import type { Account } from '#core/budget/account.ts'
import { strictest } from '#core/budget/accounts.ts'
import type { Amounts } from '#core/budget/amounts.ts'
import type { UnboundedRule } from '#core/budget/budget.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import {
  affordableOutputTokens,
  type BoundedCost,
  type CallBounds,
  type CostBound,
  costWithOutput,
} from '#core/pricing/bound.ts'
import { type CallReach, type CallToBound, callBounds } from '#providers/call-bounds.ts'
import { leastUses, type OpenEnd, openEnds } from '#providers/open-ends.ts'
import { asksForEvents } from '#providers/system-parameters.ts'
import type { Road } from '../road.ts'
import type { Asking } from './asking.ts'
import { type MostOfUnbounded, mostOfUnbounded } from './most-of-unbounded.ts'

/** By how much a vendor's own tokenizer may exceed the count of OpenAI's current one, which is the one that we have. */
const countFactor = 2
/** For OpenAI's models: older ones split some languages finer. */
const ownCountFactor = 1.25

/** What a budget says of calls that nobody bounds. */
export interface Minding {
  readonly rule: UnboundedRule
  /** Whose rule it is; null where no budget has one. */
  readonly budget: string | null
}

/** The most that a call can use and cost, before it is made. */
export class Bound {
  /** Of all answers of the model that is asked, what is never shown included. */
  readonly mostOutputTokens: number
  /** Set where nobody bounds the call: `most` is then what its budgets have held for such calls. */
  readonly minding: Minding | null
  /** Of the input, and of all that other models may use. */
  readonly #fixedTokens: number
  readonly #road: Road
  readonly #asking: Asking
  readonly #reach: CallReach
  readonly #bySay: CostBound
  readonly #cost: BoundedCost

  constructor(road: Road, asking: Asking, reach: CallReach) {
    this.#road = road
    this.#asking = asking
    this.#reach = reach
    this.#bySay = road.prices.boundCall(reach.bounds)
    this.minding = mindingOf(road, asking, reach, this.#bySay)
    const most = mostOfUnbounded(this.minding?.rule ?? 'assume', asking)
    this.#cost = costBound(road, reach, this.#bySay, most)
    const { inputTokens, outputTokens } = assumed(reach.bounds, most, reach.least)
    const after = (reach.bounds.after ?? []).map((next) => assumed(next, most))
    this.mostOutputTokens = outputTokens
    this.#fixedTokens = after.reduce((sum, next) => sum + next.inputTokens + next.outputTokens, inputTokens)
  }

  get most(): Amounts {
    return { picoUsd: this.#cost.picoUsd, tokens: this.#fixedTokens + this.mostOutputTokens }
  }

  /** The same with no more output than this. */
  withOutput(tokens: number): Amounts {
    return { picoUsd: costWithOutput(this.#cost, tokens), tokens: this.#fixedTokens + tokens }
  }

  /** The most tokens of output that the amount pays beside the input; 0 where it does not pay that. */
  affordableOutput(amount: bigint): number {
    return affordableOutputTokens(this.#cost, picoUsd(amount), this.mostOutputTokens) ?? 0
  }

  /** How often a limit of output may be reached; null where such a limit bounds nothing, or models have others. */
  get outputs(): number | null {
    const { outputTokens, after } = this.#reach.bounds
    return outputTokens === null || after !== undefined ? null : this.#reach.outputs
  }

  /** Whether the answer is a stream that shows all that it is billed for, so that it can be paid for as it flows. */
  get streamsAllOutput(): boolean {
    const { arrival, ask } = this.#asking
    // A background job goes on whatever becomes of the stream that tells of it.
    if (!ask.facts.stream || ask.facts.background) return false
    if (this.#reach.hiddenOutput || this.#reach.bounds.outputTokens === null) return false
    // A JSON array that grows has no place for an event that ends it.
    return !arrival.match.streamInPath || asksForEvents(arrival.exchange.query)
  }

  /** The most tokens that the text of an answer can be: no more than it has bytes, by a count where there is one. */
  async countOutput(text: string): Promise<number> {
    const bytes = Buffer.byteLength(text)
    const counted = await this.#road.estimator.countText(text)
    return counted === null ? bytes : Math.min(bytes, Math.ceil(counted * this.#countFactor))
  }

  get #countFactor(): number {
    return this.#asking.route.vendor === 'openai' ? ownCountFactor : countFactor
  }

  /** The same with the prompt counted, where that can be done: text alone, read once, by a tokenizer that answers. */
  async counted(): Promise<Bound> {
    const { bounds, aroundTokens } = this.#reach
    const { body, reach } = this.#asking.ask
    if (body === null || bounds.inputTokens === null || reach.mediaInput || reach.inputUnbounded) return this
    if (reach.passes !== 1 || bounds.after !== undefined) return this
    // As it was sent, names and brackets included: what is counted leaves out nothing that the model may read.
    const tokens = await this.#road.estimator.countText(body.toString())
    if (tokens === null) return this
    const inputTokens = Math.ceil(tokens * this.#countFactor) + aroundTokens
    if (inputTokens >= bounds.inputTokens) return this
    return new Bound(this.#road, this.#asking, { ...this.#reach, bounds: { ...bounds, inputTokens } })
  }

  /** Why nobody bounds the call; none where it has a bound. */
  openEnds(): readonly OpenEnd[] {
    if (this.minding === null) return []
    const ends = openEnds(callToBound(this.#asking))
    const stated = this.#bySay.kind === 'unbounded' && this.#bySay.reason === 'stated_cost'
    return stated ? [...ends, { why: 'what the provider will state as its cost is booked', remedy: null }] : ends
  }

  /** The same call with the least that its caller can set. */
  withLeastUses(): Bound {
    const call = callToBound(this.#asking)
    return new Bound(this.#road, this.#asking, callBounds({ ...call, reach: leastUses(call.reach) }))
  }
}

export function boundOf(road: Road, asking: Asking): Bound {
  return new Bound(road, asking, callBounds(callToBound(asking)))
}

function callToBound({ arrival, ask, route }: Asking): CallToBound {
  const { vendor, model } = route
  const call = { match: arrival.match, facts: ask.facts, reach: ask.reach, vendor, model, atMs: arrival.startedAtMs }
  return { ...call, upstream: route.upstream.config.name }
}

/** The strictest rule of the budgets that limit what is without a bound; null where all has one. */
function mindingOf(road: Road, asking: Asking, reach: CallReach, cost: CostBound): Minding | null {
  const openMoney = cost.kind === 'unbounded'
  const openTokens = modelsOf(reach.bounds).some((one) => one.inputTokens === null || one.outputTokens === null)
  if (!openMoney && !openTokens && !reach.guessed) return null
  const accounts = road.budgets.accountsOf(scopedCall(asking))
  const paid = cost.kind === 'bounded' && cost.picoUsd > 0n && reach.guessed
  const open: Account[] = []
  if (accounts !== null && (openMoney || paid)) open.push(...accounts.money)
  if (accounts !== null && (openTokens || reach.guessed)) open.push(...accounts.tokens)
  const budget = strictest(open)
  const rule = budget?.unbounded ?? 'assume'
  // The limits of unknown models are the greatest of known ones: enough to hold, too little to swear by.
  if (!openMoney && !openTokens && rule !== 'refuse') return null
  return { rule, budget: budget?.name ?? null }
}

function scopedCall({ payer, caller, route }: Asking) {
  return { payer, keyId: caller.key.id, upstream: route.upstream.config.name, modelRouted: route.model }
}

const nothingDue: BoundedCost = {
  kind: 'bounded',
  picoUsd: picoUsd(0n),
  fixedPicoUsd: picoUsd(0n),
  perOutputToken: { num: 0n, den: 1n },
}

function costBound(road: Road, { bounds, least }: CallReach, bound: CostBound, most: MostOfUnbounded): BoundedCost {
  if (bound.kind === 'bounded') return bound
  // What has no price is booked with nothing.
  if (bound.kind === 'unpriced') return nothingDue
  const after = (bounds.after ?? []).map((next) => ({ ...next, ...assumed(next, most) }))
  const closed = { ...bounds, ...assumed(bounds, most, least), after, byList: true }
  const instead = road.prices.boundCall(closed)
  if (bound.reason !== 'stated_cost') return instead.kind === 'bounded' ? instead : nothingDue
  return times(instead.kind === 'bounded' ? instead : byUnlistedPrice(closed), most.statedFactor)
}

/** Of the model that is asked, and of those that may answer after it. */
function modelsOf(bounds: CallBounds): readonly CallBounds[] {
  return bounds.after === undefined ? [bounds] : [bounds, ...bounds.after]
}

/** What the bounds leave open, as it is assumed. */
function assumed(
  { inputTokens, outputTokens, units }: CallBounds,
  most: MostOfUnbounded,
  least: CallReach['least'] = nothingLeast,
) {
  const uses: Record<string, number> = {}
  for (const [unit, given] of Object.entries(units))
    uses[unit] = given ?? (unit === 'audio_second' ? most.soundSeconds : most.uses)
  return {
    inputTokens: inputTokens ?? Math.max(most.inputTokens, least.inputTokens),
    outputTokens: outputTokens ?? Math.max(most.outputTokens, least.outputTokens),
    units: uses,
  }
}

const nothingLeast: CallReach['least'] = { inputTokens: 0, outputTokens: 0 }

/**
 * In 1e-12 USD for a token: 15 and 75 USD a million, the dearest that models for everybody cost. For what a provider
 * will state of a model that no list has: with nothing held, no budget would ever refuse it.
 */
const unlistedPrice = { input: 15_000_000n, output: 75_000_000n } as const

function byUnlistedPrice(bounds: CallBounds): BoundedCost {
  let fixed = 0n
  for (const { inputTokens } of modelsOf(bounds)) fixed += BigInt(inputTokens ?? 0) * unlistedPrice.input
  for (const { outputTokens } of bounds.after ?? []) fixed += BigInt(outputTokens ?? 0) * unlistedPrice.output
  return {
    kind: 'bounded',
    picoUsd: picoUsd(fixed + BigInt(bounds.outputTokens ?? 0) * unlistedPrice.output),
    fixedPicoUsd: picoUsd(fixed),
    perOutputToken: { num: unlistedPrice.output, den: 1n },
  }
}

function times({ picoUsd: most, fixedPicoUsd, perOutputToken }: BoundedCost, factor: bigint): BoundedCost {
  return {
    kind: 'bounded',
    picoUsd: picoUsd(most * factor),
    fixedPicoUsd: picoUsd(fixedPicoUsd * factor),
    perOutputToken: { num: perOutputToken.num * factor, den: perOutputToken.den },
  }
}
