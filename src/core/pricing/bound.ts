import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import type { Ratio } from '#core/money/ratio.ts'
import type { TokenKind } from '#core/usage/counts.ts'
import type { UnitName } from '#core/usage/units.ts'
import type { ServiceTier, TierWords } from './catalog.ts'
import type { LineRate, Price } from './price.ts'
import type { PriceQuery, Resolved } from './resolve.ts'

/** The most that a call can use, said before it is made. */
export interface CallBounds {
  readonly upstream: string
  readonly vendor: string
  readonly modelRouted: string
  /** What the answer may name as the model beside the routed one, where that has a price of its own. */
  readonly modelsServed?: readonly string[]
  readonly endpoint: string
  /** When the call begins. */
  readonly atMs: number
  /** Of all passes together; null = nobody says. */
  readonly inputTokens: number | null
  /** Of all answers together, what is never shown included; null = nobody says. */
  readonly outputTokens: number | null
  /** Sound, pictures or films may be part of the input. */
  readonly mediaInput: boolean
  /** Which writes to the provider's cache the request may cause: none, for minutes, for an hour as well. */
  readonly cacheWrites: 'none' | 'short' | 'any'
  /** The most of each unit that may occur: null = nobody says how many, absent = none. */
  readonly units: Readonly<Partial<Record<UnitName, number | null>>>
  /** Words of the tiers that the call may get beside the standard one, as an answer would name them. */
  readonly tiers: readonly TierWords[]
  /** Places of inference that the answer may name. */
  readonly geos: readonly string[]
  /** What the price list makes of it, though what the provider states is what will be booked. */
  readonly byList?: boolean
  /** What other models may use after this one, billed beside it. */
  readonly after?: readonly CallBounds[]
}

/** The most that a call can cost, and what it is made of. */
export interface BoundedCost {
  readonly kind: 'bounded'
  readonly picoUsd: PicoUsd
  /** The same without its output: what is due as soon as the provider takes the request. */
  readonly fixedPicoUsd: PicoUsd
  /** The most that one output token costs, in 1e-12 USD. */
  readonly perOutputToken: Ratio
}

export type CostBound =
  | BoundedCost
  /** Something that costs has no bound: tokens, a kind of unit, or the provider states the cost itself. */
  | { readonly kind: 'unbounded'; readonly reason: 'input_tokens' | 'output_tokens' | 'stated_cost' | UnitName }
  /** There is no price for the model: nothing will be booked, whatever it uses. */
  | { readonly kind: 'unpriced' }

/** What bounding needs of a price book. */
interface BoundParts {
  readonly priceAt: (query: PriceQuery) => Resolved
  readonly tierOf: (words: TierWords) => ServiceTier
  /** True where a provider's own statement is booked, which nothing bounds. */
  readonly booksStated: boolean
  readonly isFree: (endpoint: string) => boolean
}

/**
 * The greatest cost that `priceCall` can book for any usage within the bounds: by the dearest of the context tiers that
 * the input reaches, of the kinds of tokens that may occur, and of the service tiers, places and models given. Passes
 * that the answer prices by models not named here are not covered.
 */
export function boundCall(bounds: CallBounds, parts: BoundParts): CostBound {
  const { after = [] } = bounds
  // The context tier of what is billed by piece is that of all input together.
  const read = [bounds, ...after].reduce<number | null>((sum, { inputTokens }) => {
    return sum === null || inputTokens === null ? null : sum + inputTokens
  }, 0)
  let bound = boundOfModel(bounds, read, parts)
  for (const next of after) {
    const listed = bounds.byList === true ? { ...next, byList: true } : next
    const own = boundOfModel(listed, read, parts)
    // An answer of a model without a price is booked at that of the model that was asked for.
    const asked = { ...listed, modelRouted: bounds.modelRouted }
    bound = sumOf(bound, own.kind === 'unpriced' ? boundOfModel(asked, read, parts) : own)
  }
  return bound
}

/** `next` is due whatever output the first is let have: no limit of output that is set for it bounds the other. */
function sumOf(first: CostBound, next: CostBound): CostBound {
  if (first.kind === 'unbounded' || next.kind === 'unpriced') return first
  if (next.kind === 'unbounded') return next
  const { picoUsd: most, fixedPicoUsd: fixed, perOutputToken } = first.kind === 'unpriced' ? free : first
  return {
    kind: 'bounded',
    picoUsd: picoUsd(most + next.picoUsd),
    fixedPicoUsd: picoUsd(fixed + next.picoUsd),
    perOutputToken,
  }
}

function boundOfModel(bounds: CallBounds, read: number | null, parts: BoundParts): CostBound {
  if (parts.isFree(bounds.endpoint)) return free
  const prices = pricesOf(bounds, parts)
  // What a provider states is booked even where no list has a price.
  if (parts.booksStated && bounds.byList !== true) return { kind: 'unbounded', reason: 'stated_cost' }
  if (prices.length === 0) return { kind: 'unpriced' }
  const rates = prices.map((price) => greatestRates(price, bounds, read)).reduce(greaterOfEach)
  const { inputTokens, outputTokens } = bounds
  if (inputTokens === null && rates.input.num > 0n) return { kind: 'unbounded', reason: 'input_tokens' }
  if (outputTokens === null && rates.output.num > 0n) return { kind: 'unbounded', reason: 'output_tokens' }
  let fixed = timesUp(rates.input, inputTokens ?? 0) + timesUp(rates.request, 1) + (rates.whole ? 0n : mostRoundingUp)
  for (const [unit, most] of Object.entries(bounds.units)) {
    const rate = rates.units.get(unit as UnitName)
    if (rate === undefined || most === 0) continue
    if (most === null || most === undefined) return { kind: 'unbounded', reason: unit as UnitName }
    fixed += timesUp(rate.each, Math.max(Math.ceil(most), rate.least))
  }
  return {
    kind: 'bounded',
    picoUsd: picoUsd(fixed + timesUp(rates.output, outputTokens ?? 0)),
    fixedPicoUsd: picoUsd(fixed),
    perOutputToken: rates.output,
  }
}

/** The most that a bounded call costs once its output is known to be at most `outputTokens`, of all answers together. */
export function costWithOutput(bound: BoundedCost, outputTokens: number): PicoUsd {
  return picoUsd(bound.fixedPicoUsd + timesUp(bound.perOutputToken, outputTokens))
}

/**
 * The most output tokens, of all answers together, whose bound fits the amount: zero where the input fits but no token
 * does, null where not even the input does. Never more than `most`.
 */
export function affordableOutputTokens(bound: BoundedCost, amount: PicoUsd, most: number): number | null {
  const left = amount - bound.fixedPicoUsd
  if (left < 0n) return null
  const { num, den } = bound.perOutputToken
  if (num === 0n) return most
  // Rounded up, tokens times the rate must not pass what is left, which is whole: so neither may it before.
  const tokens = (left * den) / num
  return tokens >= BigInt(most) ? most : Number(tokens)
}

const nothing: Ratio = { num: 0n, den: 1n }
const free: BoundedCost = {
  kind: 'bounded',
  picoUsd: picoUsd(0n),
  fixedPicoUsd: picoUsd(0n),
  perOutputToken: nothing,
}

/** Each line of a bill is rounded by itself, half to even: at most 20 lines a pass, and no answer has 100 passes. */
const mostRoundingUp = 1_000n

function timesUp(rate: Ratio, count: number): bigint {
  return (rate.num * BigInt(count) + rate.den - 1n) / rate.den
}

function pricesOf(bounds: CallBounds, { priceAt, tierOf }: BoundParts): Price[] {
  const { upstream, vendor, modelRouted, atMs } = bounds
  const prices: Price[] = []
  const tiers: ServiceTier[] = ['standard']
  for (const words of bounds.tiers) {
    const tier = tierOf(words)
    if (!tiers.includes(tier)) tiers.push(tier)
  }
  for (const modelServed of [modelRouted, ...(bounds.modelsServed ?? [])]) {
    const routed = modelServed === modelRouted ? '' : modelRouted
    for (const tier of tiers) {
      for (const geo of bounds.geos.length === 0 ? nowhere : ['', ...bounds.geos]) {
        const resolved = priceAt({ upstream, vendor, modelServed, modelRouted: routed, tier, geo, atMs })
        if (resolved.kind === 'priced' && !prices.includes(resolved.price)) prices.push(resolved.price)
      }
    }
  }
  return prices
}

const nowhere = ['']

interface Rates {
  readonly input: Ratio
  readonly output: Ratio
  readonly units: ReadonlyMap<UnitName, { readonly each: Ratio; readonly least: number }>
  /** The fee of one request. */
  readonly request: Ratio
  /** True where every line is a whole number of 1e-12 USD for one token, so that nothing is ever rounded. */
  readonly whole: boolean
}

const outputKinds: ReadonlySet<TokenKind> = new Set([
  'textOutput',
  'reasoning',
  'audioOutput',
  'imageOutput',
  'videoOutput',
])
const mediaKinds: ReadonlySet<TokenKind> = new Set([
  'audioInput',
  'imageInput',
  'videoInput',
  'audioCached',
  'imageCached',
  'videoCached',
])

/** Prices are kept by the book for as long as they hold, so what is made of them is as well. */
const made = new WeakMap<Price, Map<string, Rates>>()

function greatestRates(price: Price, { mediaInput, cacheWrites }: CallBounds, read: number | null): Rates {
  let reached = 1
  while (reached < price.bands.length) {
    const next = price.bands[reached]
    if (next === undefined || (read !== null && read <= next.overTokens)) break
    reached += 1
  }
  const key = `${reached} ${mediaInput} ${cacheWrites}`
  const known = made.get(price)?.get(key)
  if (known !== undefined) return known
  const rates = makeRates(price, reached, (kind) => {
    if (kind === 'cacheWrite5m') return cacheWrites !== 'none'
    if (kind === 'cacheWrite1h') return cacheWrites === 'any'
    return mediaInput || !mediaKinds.has(kind)
  })
  const kept = made.get(price) ?? new Map<string, Rates>()
  made.set(price, kept.set(key, rates))
  return rates
}

function makeRates(price: Price, reached: number, occurs: (kind: TokenKind) => boolean): Rates {
  let input = nothing
  let output = nothing
  let whole = true
  const units = new Map<UnitName, { each: Ratio; least: number }>()
  const consider = ({ usd }: LineRate, before: Ratio): Ratio => {
    if (usd.den !== 1n) whole = false
    return greater(usd, before)
  }
  for (const band of price.bands.slice(0, reached)) {
    for (const line of band.tokens) {
      if (outputKinds.has(line.kind)) output = consider(line, output)
      else if (occurs(line.kind)) input = consider(line, input)
    }
    for (const line of band.units) {
      const least = price.minimumUnits[line.unit] ?? 0
      units.set(line.unit, { each: consider(line, units.get(line.unit)?.each ?? nothing), least })
    }
  }
  const request = units.get('request')?.each ?? nothing
  // A fee is one of every call, whatever is said of units; seconds may be fractions, which are rounded.
  for (const fee of ['request', 'request_low', 'request_medium'] as const) units.delete(fee)
  return { input, output, units, request, whole: whole && !units.has('audio_second') }
}

function greaterOfEach(a: Rates, b: Rates): Rates {
  if (a === b) return a
  const units = new Map(a.units)
  for (const [unit, rate] of b.units) {
    const other = units.get(unit)
    const least = Math.max(rate.least, other?.least ?? 0)
    units.set(unit, { each: greater(rate.each, other?.each ?? nothing), least })
  }
  return {
    input: greater(a.input, b.input),
    output: greater(a.output, b.output),
    units,
    request: greater(a.request, b.request),
    whole: a.whole && b.whole,
  }
}

function greater(a: Ratio, b: Ratio): Ratio {
  return a.num * b.den > b.num * a.den ? a : b
}
