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
import { boundCall, type CallBounds, type CostBound } from './bound.ts'
import { type Cost, noCost } from './cost.ts'
import { bandFor, type Price, type PriceBand } from './price.ts'
import { type DatedPrice, makeResolver, type PriceQuery, type PriceSources, type Resolved } from './resolve.ts'
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

interface KnownQuery {
  readonly upstream: string
  readonly vendor: string
  readonly model: string
  readonly atMs: number
}

/** All prices of one configuration. Immutable but for its cache; never throws once it is made. */
export interface PriceBook {
  priceCall(call: CallToPrice): PricedCall
  /** The most that `priceCall` can book for a call that stays within these bounds. */
  boundCall(bounds: CallBounds): CostBound
  /** Whether the model has a price at this upstream, so that `unpriced: block` can refuse the call before it costs. */
  known(query: KnownQuery): boolean
  /** The price in force with its version, for people. */
  priceAt(query: PriceQuery): Resolved
}

export interface PriceBookOptions extends PriceSources {
  /** Which cost is booked where a provider states its own. */
  readonly costSource: 'computed' | 'provider'
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

/** Calls that cost money even where their answers count nothing. */
const mediaEndpoints: ReadonlySet<string> = new Set([
  'images',
  'audio.speech',
  'audio.transcriptions',
  'audio.translations',
])

/** @throws MoneyFault where a rate, a discount or an exchange rate of the configuration cannot be read. */
export function makePriceBook(options: PriceBookOptions): PriceBook {
  const resolver = makeResolver(options)
  const cached = cachedResolve(resolver.resolve)
  const anthropics = new Set(options.upstreams.filter(({ kind }) => kind === 'anthropic').map(({ name }) => name))
  const isAnthropics = (upstream: string) => anthropics.has(upstream)
  return {
    priceCall: (call) => priceCall(call, { options, priceAt: cached, currencyOf: resolver.currencyOf, isAnthropics }),
    boundCall: (bounds) =>
      boundCall(bounds, {
        priceAt: cached,
        tierOf: options.catalog.tierOf,
        booksStated: options.costSource === 'provider',
        isFree: (endpoint) => freeEndpoints.has(endpoint),
      }),
    priceAt: cached,
    known: ({ upstream, vendor, model, atMs }) => {
      const query = { upstream, vendor, modelServed: model, modelRouted: '', tier: 'standard', geo: '', atMs } as const
      const resolved = cached(query)
      // A list may have the model and not one rate that we can bill by: pages of documents, or nothing written down.
      return resolved.kind === 'priced' && resolved.price.bands.some((b) => b.tokens.length + b.units.length > 0)
    },
  }
}

/** Prices seen lately are kept for as long as nothing can change them. The bound keeps made-up names from filling memory. */
const mostCachedPrices = 5_000

interface KeptPrice extends DatedPrice {
  readonly query: PriceQuery
}

/** By the served name first, because building one key of six strings costs as much as pricing the call. */
function cachedResolve(resolve: (query: PriceQuery) => DatedPrice): (query: PriceQuery) => Resolved {
  const byModel = new Map<string, KeptPrice[]>()
  let size = 0
  return (query) => {
    const kept = byModel.get(query.modelServed)
    const at = kept?.findIndex((one) => sameButTime(one.query, query)) ?? -1
    const found = kept?.[at]
    if (found !== undefined && query.atMs >= found.interval.fromMs && query.atMs < found.interval.untilMs) {
      return found.resolved
    }
    const { resolved, interval } = resolve(query)
    const fresh = { query, resolved, interval }
    if (kept !== undefined && found !== undefined) kept[at] = fresh
    else {
      if (size >= mostCachedPrices) {
        byModel.clear()
        size = 0
      }
      size += 1
      byModel.set(query.modelServed, [...(byModel.get(query.modelServed) ?? []), fresh])
    }
    return resolved
  }
}

function sameButTime(a: PriceQuery, b: PriceQuery): boolean {
  return (
    a.upstream === b.upstream &&
    a.modelRouted === b.modelRouted &&
    a.vendor === b.vendor &&
    a.tier === b.tier &&
    a.geo === b.geo
  )
}

interface BookParts {
  readonly options: PriceBookOptions
  readonly priceAt: (query: PriceQuery) => Resolved
  readonly currencyOf: (upstream: string) => string
  /**
   * Whether Anthropic itself sends the bill, who does not bill a request that is refused before any output: release
   * notes of the Claude API (https://platform.claude.com/docs/en/release-notes/overview).
   */
  readonly isAnthropics: (upstream: string) => boolean
}

const noMarks: readonly string[] = []

function priceCall(call: CallToPrice, book: BookParts): PricedCall {
  const currency = book.currencyOf(call.upstream)
  if (call.usage === null || freeEndpoints.has(call.endpoint)) {
    return { cost: { ...noCost, billingCurrency: currency }, tokens: noTokens, units: {}, marks: [] }
  }
  const usage = call.usage
  const marks = new Set<string>()
  if (usage.refusedAtOnce === true && book.isAnthropics(call.upstream)) {
    const tokens = addToTotals(noTokens, disjointCounts(usage, marks))
    const cost = { ...noCost, billingCurrency: currency }
    return { cost, tokens, units: reportedUnitsOf(usage, marks), marks: [...marks, 'refusal_not_billed'] }
  }
  const tally = new Tally()
  const pricing: CallPricing = { call, usage, book, marks, tally }
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
  const books = stated?.whole === true && book.options.costSource === 'provider'
  const cost = books ? bookStated(computed, stated.picoUsd) : computed
  return { cost, tokens, units, marks: marks.size === 0 ? noMarks : [...marks] }
}

interface CallPricing {
  readonly call: CallToPrice
  readonly usage: ReportedUsage
  readonly book: BookParts
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
  const { call, usage, book, marks } = pricing
  const resolved = book.priceAt({
    upstream: call.upstream,
    vendor: call.vendor,
    modelServed: served,
    // Another model's pass must not be booked at the price of the one that was asked for.
    modelRouted: served === call.modelServed && served !== call.modelRouted ? call.modelRouted : '',
    tier: book.options.catalog.tierOf({
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
function markUnsaid({ call, usage, book, marks }: CallPricing): void {
  if (call.asked === undefined) return
  const { serviceTier, speed, inferenceGeo } = call.asked
  if (serviceTier === null && speed === null && inferenceGeo === null) return
  const told = call.serviceTier ?? call.trafficType ?? usage.serviceTier ?? usage.trafficType
  const unsaid = {
    serviceTier: told === undefined ? (serviceTier ?? undefined) : undefined,
    speed: usage.speed === undefined ? (speed ?? undefined) : undefined,
    trafficType: undefined,
  }
  if (book.options.catalog.tierOf(unsaid) !== 'standard') marks.add('tier_not_named')
  if (usage.inferenceGeo === undefined && plainGeo(inferenceGeo ?? undefined) !== '') marks.add('geo_not_named')
}

/** The places that stand for "anywhere" have no price of their own. */
function plainGeo(geo: string | undefined): string {
  return geo === undefined || geo === 'global' || geo === 'not_available' ? '' : geo
}

function nothingCounted(tokens: TokenTotals, units: Readonly<Record<string, number>>): boolean {
  return tokens.input === 0 && tokens.output === 0 && Object.keys(units).length === 0
}
