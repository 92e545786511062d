import {
  addToTotals,
  billedCounts,
  type DisjointCounts,
  disjointCounts,
  wholeInput,
  wholeOutput,
} from '#core/usage/counts.ts'
import { passesOf } from '#core/usage/passes.ts'
import type { ReportedPass, ReportedUsage, UsageSource } from '#core/usage/reported.ts'
import { noTokens, type TokenTotals } from '#core/usage/totals.ts'
import { reportedUnitsOf, type UnitName, type Units } from '#core/usage/units.ts'
import { bookableCost } from './bookable-cost.ts'
import type { ServiceTier, TierWords } from './catalog.ts'
import { type Cost, noCost } from './cost.ts'
import { bandFor, type Price, type PriceBand } from './price.ts'
import type { PriceQuery, Resolved } from './resolve.ts'
import { bookStated, statedCost } from './stated-cost.ts'
import { Tally } from './tally.ts'

/** A call that is over, as far as its price depends on it. */
export interface CallToPrice {
  readonly upstream: string
  readonly vendor: string
  /** What the answer names, or the routed name where it names nothing. */
  readonly modelServed: string
  readonly modelRouted: string
  /** The name of the API, as the record has it. */
  readonly endpoint: string
  /** The tier that the answer names, where that is not in `usage` already. Never the tier that was asked for. */
  readonly serviceTier?: string | undefined
  readonly trafficType?: string | undefined
  /** What the request asked for that costs more or less: an answer that says nothing of it may be billed so. */
  readonly asked?: AskedTerms
  /** When the call began. */
  readonly atMs: number
  /** Null = there is nothing to bill: errors, free calls. `{}` = an answer was given and nothing is known of its size. */
  readonly usage: ReportedUsage | null
  readonly usageSource: UsageSource
  /** Output was delivered of which nothing is known: whatever else is counted, it is not the whole cost. */
  readonly outputUnread?: boolean
  /** The model searches whether or not its answer shows it: without a fee per request, the search has no known price. */
  readonly searchesUnseen?: boolean
}

interface AskedTerms {
  readonly serviceTier: string | null
  readonly speed: string | null
  readonly inferenceGeo: string | null
}

export interface PricedCall {
  readonly cost: Cost
  readonly tokens: TokenTotals
  readonly units: Readonly<Record<string, number>>
  readonly marks: readonly string[]
}

/** Calls that are free at every provider, whatever numbers their answers carry. */
const freeEndpoints: ReadonlySet<string> = new Set([
  'models',
  'files',
  'batches',
  'messages.batches',
  'messages.count_tokens',
  'countTokens',
])

export function isFree(endpoint: string): boolean {
  return freeEndpoints.has(endpoint)
}

/** Calls that cost money even where their answers count nothing. */
const mediaEndpoints: ReadonlySet<string> = new Set([
  'images',
  'audio.speech',
  'audio.transcriptions',
  'audio.translations',
])

/** What of a price book pricing goes by. */
interface PricingRules {
  readonly priceAt: (query: PriceQuery) => Resolved
  readonly tierOf: (words: TierWords) => ServiceTier
  /** Which cost is booked where a provider states its own. */
  readonly costSource: 'computed' | 'provider'
  readonly currencyOf: (upstream: string) => string
  /**
   * Whether Anthropic itself sends the bill, who does not bill a request that is refused before any output: release
   * notes of the Claude API (https://platform.claude.com/docs/en/release-notes/overview).
   */
  readonly isAnthropics: (upstream: string) => boolean
}

const noMarks: readonly string[] = []

/** What a call cost, line by line as its provider bills it. Never throws: what is odd is marked. */
export function priceCall(call: CallToPrice, rules: PricingRules): PricedCall {
  const currency = rules.currencyOf(call.upstream)
  if (call.usage === null || isFree(call.endpoint)) {
    return { cost: { ...noCost, billingCurrency: currency }, tokens: noTokens, units: {}, marks: [] }
  }
  const usage = call.usage
  const marks = new Set<string>()
  if (usage.refusedAtOnce === true && rules.isAnthropics(call.upstream)) {
    const tokens = addToTotals(noTokens, disjointCounts(usage, marks))
    const cost = { ...noCost, billingCurrency: currency }
    return { cost, tokens, units: reportedUnitsOf(usage, marks), marks: [...marks, 'refusal_not_billed'] }
  }
  const tally = new Tally()
  const pricing: CallPricing = { call, usage, rules, marks, tally }
  const price = priceOfModel(pricing, call.modelServed)
  const tokens = priceTokens(pricing, price)
  const units = priceUnits(pricing, price, tokens)
  markUnsaid(pricing)
  if (call.outputUnread === true || (mediaEndpoints.has(call.endpoint) && nothingCounted(tokens, units))) {
    marks.add('usage_missing')
    tally.unpriced = true
  }
  if (tally.unpriced) marks.add('unpriced')
  const stated = statedCost(usage, marks)
  const computed = bookableCost(tally.cost(currency, stated?.picoUsd ?? null), marks)
  const books = stated?.whole === true && rules.costSource === 'provider'
  const cost = books ? bookStated(computed, stated.picoUsd) : computed
  return { cost, tokens, units, marks: marks.size === 0 ? noMarks : [...marks] }
}

interface CallPricing {
  readonly call: CallToPrice
  readonly usage: ReportedUsage
  readonly rules: PricingRules
  readonly marks: Set<string>
  readonly tally: Tally
}

/**
 * Every pass by its own model and its own context tier; an answer without passes is one pass. Pictures that a tool
 * made are one pass more, by the picture model.
 */
function priceTokens(pricing: CallPricing, ownPrice: Price | null): TokenTotals {
  const { usage } = pricing
  let totals = noTokens
  if (!usage.iterations?.length) totals = pricePass(pricing, usage, ownPrice, totals)
  for (const pass of passesOf(usage)) {
    const price = pass.model === undefined ? ownPrice : priceOfModel(pricing, pass.model)
    totals = pricePass(pricing, pass, price, totals)
  }
  const picture = usage.imageGeneration
  if (picture === undefined) return totals
  return pricePass(pricing, picture, picture.model === undefined ? null : priceOfModel(pricing, picture.model), totals)
}

function pricePass(
  { marks, tally }: CallPricing,
  pass: ReportedUsage | ReportedPass,
  price: Price | null,
  before: TokenTotals,
): TokenTotals {
  const counts = disjointCounts(pass, marks)
  const billed = billedCounts(pass, marks) ?? counts
  const input = wholeInput(billed)
  if (input > 0 || wholeOutput(billed) > 0) {
    const band = price === null ? undefined : bandFor(price, input)
    if (price === null || band === undefined) tally.unpriced = true
    else {
      tally.addTokens(price, band, billed)
      if (audioAtTextRate(band, billed)) marks.add('audio_not_priced')
      // Text and pictures cost by an order of magnitude less and more.
      if (pass.showsPictures === true && billed.imageOutput === 0 && band.hasImageOutputRate) {
        marks.add('image_output_not_told')
        tally.unpriced = true
      }
      if (pass.cacheWrite12hTokens !== undefined && pass.cacheWrite12hTokens > 0)
        marks.add('cache_write_12h_not_priced')
    }
  }
  return addToTotals(before, counts)
}

/** As of a tier without a rate: the list's plain rate is booked, and somebody should add an override. */
function audioAtTextRate({ hasAudioRate }: PriceBand, counts: DisjointCounts): boolean {
  if (counts.audioOutput > 0 && !hasAudioRate.output) return true
  return counts.audioInput + counts.audioCached > 0 && !hasAudioRate.input
}

/**
 * Containers are free in part and billed by the hour, so a count of runs is not an amount that went missing; tokens of
 * cited pages are free but of models whose list has a rate for them.
 */
const partlyFree: ReadonlySet<string> = new Set(['code_execution', 'shell', 'citation_token'])

const searchUnits = ['web_search', 'web_search_preview'] as const

/** Units are priced by the model that answered; a fee per request is one unit of every answer. */
function priceUnits(
  { call, usage, tally, marks }: CallPricing,
  price: Price | null,
  tokens: TokenTotals,
): Readonly<Record<string, number>> {
  const units: Units = reportedUnitsOf(usage, marks)
  const band = price === null ? undefined : bandFor(price, tokens.input)
  for (const [name, amount] of Object.entries(units)) {
    const unit = name as UnitName
    if (price !== null && band !== undefined && tally.addUnit(price, band, unit, amount)) continue
    if (unit === 'web_fetch') continue
    // Seconds beside tokens are told, not billed, by the models that bill tokens.
    if (unit === 'audio_second' && tokens.input + tokens.output > 0) continue
    marks.add(`unpriced_${unit}`)
    if (!partlyFree.has(unit)) tally.unpriced = true
  }
  const fee = feeFor(usage.searchContext)
  if (price !== null && band !== undefined && tally.addUnit(price, band, fee, 1)) units.request = 1
  else if (
    (call.searchesUnseen === true || usage.showsSearches === true) &&
    !searchUnits.some((unit) => units[unit] !== undefined)
  ) {
    marks.add('unpriced_web_search')
    tally.unpriced = true
  }
  return units
}

/** A search model's fee for a request, by how much it reads; where the list knows one fee only, that. */
function feeFor(searchContext: string | undefined): UnitName {
  if (searchContext === 'low') return 'request_low'
  return searchContext === 'medium' ? 'request_medium' : 'request'
}

function priceOfModel(pricing: CallPricing, served: string): Price | null {
  const { call, usage, rules, marks } = pricing
  const resolved = rules.priceAt({
    upstream: call.upstream,
    vendor: call.vendor,
    modelServed: served,
    // Another model's pass must not be booked at the price of the one that was asked for.
    modelRouted: served === call.modelServed && served !== call.modelRouted ? call.modelRouted : '',
    tier: rules.tierOf({
      serviceTier: call.serviceTier ?? usage.serviceTier,
      trafficType: call.trafficType ?? usage.trafficType,
      speed: usage.speed,
    }),
    geo: plainGeo(usage.inferenceGeo),
    atMs: call.atMs,
  })
  switch (resolved.kind) {
    case 'priced':
      for (const mark of resolved.marks) marks.add(mark)
      return resolved.price
    case 'no_exchange_rate':
      marks.add('exchange_rate_missing')
      return null
    case 'no_price':
      return null
  }
}

/** The standard rate is booked where an answer does not say whether it was given the tier, or the place, asked for. */
function markUnsaid({ call, usage, rules, marks }: CallPricing): void {
  if (call.asked === undefined) return
  const { serviceTier, speed, inferenceGeo } = call.asked
  if (serviceTier === null && speed === null && inferenceGeo === null) return
  const told = call.serviceTier ?? call.trafficType ?? usage.serviceTier ?? usage.trafficType
  const unsaid = {
    serviceTier: told === undefined ? (serviceTier ?? undefined) : undefined,
    speed: usage.speed === undefined ? (speed ?? undefined) : undefined,
    trafficType: undefined,
  }
  if (rules.tierOf(unsaid) !== 'standard') marks.add('tier_not_named')
  if (usage.inferenceGeo === undefined && plainGeo(inferenceGeo ?? undefined) !== '') marks.add('geo_not_named')
}

/** The places that stand for "anywhere" have no price of their own. */
function plainGeo(geo: string | undefined): string {
  return geo === undefined || geo === 'global' || geo === 'not_available' ? '' : geo
}

function nothingCounted(tokens: TokenTotals, units: Readonly<Record<string, number>>): boolean {
  return tokens.input === 0 && tokens.output === 0 && Object.keys(units).length === 0
}
