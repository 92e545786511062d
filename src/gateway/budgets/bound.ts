import type { Amounts } from '#core/budget/amounts.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { affordableOutputTokens, type BoundedCost, costWithOutput } from '#core/pricing/bound.ts'
import { type CallReach, callBounds } from '#providers/call-bounds.ts'
import type { Road } from '../road.ts'
import type { Asking } from './reserve.ts'

/**
 * Where nobody says how much there will be of something, this much is held, of output for each answer; docs/budgets.md
 * says of what that is true.
 */
const assumed = { units: 20, inputTokens: 200_000, outputTokens: 16_000 } as const

const nothingDue: BoundedCost = {
  kind: 'bounded',
  picoUsd: picoUsd(0n),
  fixedPicoUsd: picoUsd(0n),
  perOutputToken: { num: 0n, den: 1n },
}

/** What a provider puts around a conversation, in tokens. */
const framingTokens = 32
/** By how much a vendor's own tokenizer may exceed the count of OpenAI's current one, which is the one that we have. */
const countFactor = 2
/** For OpenAI's models: older ones split some languages finer. */
const ownCountFactor = 1.25

/** The most that a call can use and cost, before it is made. */
export class Bound {
  /** Of all answers together, what is never shown included. */
  readonly mostOutputTokens: number
  readonly #inputTokens: number
  readonly #road: Road
  readonly #asking: Asking
  readonly #reach: CallReach
  readonly #cost: BoundedCost

  constructor(road: Road, asking: Asking, reach: CallReach) {
    this.#road = road
    this.#asking = asking
    this.#reach = reach
    this.#cost = costBound(road, reach)
    this.#inputTokens = reach.bounds.inputTokens ?? assumed.inputTokens
    this.mostOutputTokens = reach.bounds.outputTokens ?? assumed.outputTokens * reach.answers
  }

  get most(): Amounts {
    return { picoUsd: this.#cost.picoUsd, tokens: this.#inputTokens + this.mostOutputTokens }
  }

  /** The same with no more output than this. */
  withOutput(tokens: number): Amounts {
    return { picoUsd: costWithOutput(this.#cost, tokens), tokens: this.#inputTokens + tokens }
  }

  /** The most tokens of output that the amount pays beside the input; 0 where it does not pay that. */
  affordableOutput(amount: bigint): number {
    return affordableOutputTokens(this.#cost, picoUsd(amount), this.mostOutputTokens) ?? 0
  }

  /** Whether the answer is a stream that shows all that it is billed for, so that it can be paid for as it flows. */
  get streamsAllOutput(): boolean {
    const { arrival, ask } = this.#asking
    // A background job goes on whatever becomes of the stream that tells of it.
    if (!ask.facts.stream || ask.facts.background) return false
    if (this.#reach.hiddenOutput || this.#reach.bounds.outputTokens === null) return false
    // A JSON array that grows has no place for an event that ends it.
    return !arrival.match.streamInPath || arrival.exchange.query.includes('alt=sse')
  }

  /** The most tokens that the text of an answer can be. */
  async countOutput(text: string): Promise<number> {
    return Math.ceil((await this.#road.estimator.outputTokens(text)) * this.#countFactor)
  }

  get #countFactor(): number {
    return this.#asking.route.vendor === 'openai' ? ownCountFactor : countFactor
  }

  /** The same with the prompt counted, where that can be done: text alone. */
  async counted(): Promise<Bound> {
    const { bounds } = this.#reach
    const { body, reach } = this.#asking.ask
    if (body === null || bounds.inputTokens === null || reach.mediaInput || reach.inputUnbounded) return this
    const inputTokens = Math.ceil((await this.#road.estimator.inputTokens(body)) * this.#countFactor) + framingTokens
    if (inputTokens >= bounds.inputTokens) return this
    return new Bound(this.#road, this.#asking, { ...this.#reach, bounds: { ...bounds, inputTokens } })
  }
}

export function boundOf(road: Road, asking: Asking): Bound {
  const { arrival, ask, route } = asking
  const { vendor, model } = route
  const call = { match: arrival.match, facts: ask.facts, reach: ask.reach, vendor, model, atMs: arrival.startedAtMs }
  return new Bound(road, asking, callBounds({ ...call, upstream: route.upstream.config.name }))
}

function costBound(road: Road, { bounds, answers }: CallReach): BoundedCost {
  const bound = road.prices.boundCall(bounds)
  if (bound.kind === 'bounded') return bound
  // What has no price is booked with nothing.
  if (bound.kind === 'unpriced') return nothingDue
  const units: Record<string, number> = {}
  for (const [unit, most] of Object.entries(bounds.units)) units[unit] = most ?? assumed.units
  const inputTokens = bounds.inputTokens ?? assumed.inputTokens
  const outputTokens = bounds.outputTokens ?? assumed.outputTokens * answers
  const instead = road.prices.boundCall({ ...bounds, units, inputTokens, outputTokens, byList: true })
  return instead.kind === 'bounded' ? instead : nothingDue
}
