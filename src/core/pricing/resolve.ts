import { formatDecimal, parseDecimal } from '#core/money/decimal.ts'
import { type Exchange, type ExchangeRate, makeExchange, type RateMissing } from '#core/money/exchange.ts'
import { MoneyFault } from '#core/money/fault.ts'
import { multiply, one, type Ratio, ratio, ratioOfDecimal } from '#core/money/ratio.ts'
import type { Catalog, CatalogModel, ServiceTier } from './catalog.ts'
import { type Matcher, type OverrideLine, overrideAt, overrideLine, type PriceOverride } from './overrides.ts'
import { makePrice, type Price } from './price.ts'
import { cardAt, type Interval, steadyAround } from './schedule.ts'

/** What an upstream's bill looks like. A configured provider is one of these. */
export interface PricedUpstream {
  readonly name: string
  readonly kind: string
  readonly baseUrl: string | null
  readonly billing: {
    readonly currency: string
    /** Decimal text, off the list price, each from its date on. Empty = no discount. */
    readonly discounts: readonly { readonly sinceMs: number; readonly percent: string }[]
  }
}

/** Everything that prices are made of. */
export interface PriceSources {
  readonly catalog: Catalog
  readonly overrides: readonly PriceOverride[]
  readonly upstreams: readonly PricedUpstream[]
  readonly exchangeRates: readonly ExchangeRate[]
  readonly matcher: Matcher
}

export interface PriceQuery {
  readonly upstream: string
  readonly vendor: string
  readonly modelServed: string
  /** What is priced where the served name has no price; empty = nothing. */
  readonly modelRouted: string
  readonly tier: ServiceTier
  /** Where the answer says it was computed; empty where it says nothing. */
  readonly geo: string
  readonly atMs: number
}

export type Resolved =
  | { readonly kind: 'priced'; readonly price: Price; readonly marks: readonly string[] }
  | { readonly kind: 'no_price' }
  | { readonly kind: 'no_exchange_rate'; readonly from: string; readonly to: string }

/** A resolved price and how long it stays the same. */
export interface DatedPrice {
  readonly resolved: Resolved
  readonly interval: Interval
}

interface PriceResolver {
  resolve(query: PriceQuery): DatedPrice
  currencyOf(upstream: string): string
}

interface UpstreamTerms {
  readonly listVendor: string | null
  /** Where it computes, told from its address; empty where that says nothing. */
  readonly place: string
  readonly currency: string
  readonly discounts: readonly { readonly sinceMs: number; readonly percent: string; readonly left: Ratio }[]
  readonly overrides: readonly OverrideLine[]
}

/**
 * The search for a price, uncached and pure:
 * 1. an override of this upstream for this tier; 2. an override of this upstream for the standard tier;
 * 3. the catalog, by the served and then by the routed name.
 *
 * An override stands alone: what it has no rate for falls back inside it, never to the catalog, it is in the currency
 * that it names, and discounts, being off the list, do not touch it.
 *
 * @throws MoneyFault where a rate, a discount or an exchange rate cannot be read.
 */
export function makeResolver(sources: PriceSources): PriceResolver {
  const exchange = makeExchange(sources.exchangeRates)
  const upstreams = new Map(sources.upstreams.map((upstream) => [upstream.name, upstreamTerms(upstream, sources)]))
  const termsOf = (name: string) => upstreams.get(name) ?? noTerms
  return {
    currencyOf: (name) => termsOf(name).currency,
    resolve: (query) => {
      const terms = termsOf(query.upstream)
      const found = findOverride(sources.catalog, terms, query)
      const model = found === null ? catalogModel(sources.catalog, terms, query) : null
      const resolved =
        found !== null
          ? priceOfOverride(found, query, exchange)
          : model === null
            ? ({ kind: 'no_price' } as const)
            : priceOfModel(model, { query, terms, exchange, catalogVersion: sources.catalog.version })
      return { resolved, interval: steadyFor(query, terms, { exchange, model: model?.model ?? null }) }
    },
  }
}

const noTerms: UpstreamTerms = { listVendor: null, place: '', currency: 'USD', discounts: [], overrides: [] }

function upstreamTerms(upstream: PricedUpstream, sources: PriceSources): UpstreamTerms {
  const discounts = upstream.billing.discounts.map(({ sinceMs, percent }) => ({
    sinceMs,
    percent: formatDecimal(parseDecimal(percent)),
    left: leftAfter(percent),
  }))
  return {
    listVendor: sources.catalog.vendorOfUpstream(upstream.kind, upstream.baseUrl),
    place: sources.catalog.placeOfUpstream(upstream.baseUrl),
    currency: upstream.billing.currency.toUpperCase(),
    discounts: discounts.sort((a, b) => a.sinceMs - b.sinceMs),
    overrides: sources.overrides
      .filter((o) => o.provider === upstream.name)
      .map((o) => overrideLine(o, sources.matcher)),
  }
}

/** What is left of a price after `percent` off, exactly. */
function leftAfter(percent: string): Ratio {
  const off = ratioOfDecimal(parseDecimal(percent))
  const left = ratio(100n * off.den - off.num, 100n * off.den)
  if (left.num < 0n) throw new MoneyFault('not_a_decimal', `a discount above 100 percent: ${percent}`)
  return left
}

interface FoundOverride {
  readonly line: OverrideLine
  readonly asRouted: boolean
}

/**
 * By the name that the answer gives, then by the one that was asked for. The latter is what a relay bills by, whatever
 * model it names in its answers; a vendor that answers with another model of its own list bills that one.
 */
function findOverride(catalog: Catalog, terms: UpstreamTerms, query: PriceQuery): FoundOverride | null {
  const { modelServed, modelRouted, vendor } = query
  const lineFor = (names: readonly string[]) =>
    overrideAt(terms.overrides, names, query.tier, query.atMs) ??
    overrideAt(terms.overrides, names, 'standard', query.atMs)
  const line = lineFor(modelRouted === '' ? [modelServed] : [modelServed, modelRouted])
  if (line === null || modelRouted === '' || modelServed === '' || modelServed === modelRouted)
    return line === null ? null : { line, asRouted: false }
  const byServed = lineFor([modelServed])
  if (line === byServed) return { line, asRouted: false }
  const find = (model: string) => catalog.find({ upstreamVendor: terms.listVendor, vendor, model })
  const served = find(modelServed)
  const same = served !== null && served === find(modelRouted)
  if (same || served === null || served.vendor !== terms.listVendor) return { line, asRouted: served !== null && !same }
  return byServed === null ? null : { line: byServed, asRouted: false }
}

interface FoundModel {
  readonly model: CatalogModel
  readonly asRouted: boolean
}

function catalogModel(catalog: Catalog, terms: UpstreamTerms, query: PriceQuery): FoundModel | null {
  const find = (model: string) =>
    model === '' ? null : catalog.find({ upstreamVendor: terms.listVendor, vendor: query.vendor, model })
  const served = find(query.modelServed)
  if (served !== null) return { model: served, asRouted: false }
  const routed = find(query.modelRouted)
  return routed === null ? null : { model: routed, asRouted: query.modelServed !== '' }
}

function priceOfOverride({ line, asRouted }: FoundOverride, query: PriceQuery, exchange: Exchange): Resolved {
  const { provider, model, fromMs, tier, currency, rates } = line.source
  const rate = exchange.rateAt(currency, 'USD', query.atMs)
  if (rate.kind === 'missing') return noRate(rate)
  // With its rates: a line of the configuration may be edited in its place, which makes it another price.
  const said = Object.entries(rates).map(([name, amount]) => `${name}=${amount}`)
  const version = [`override ${provider}/${model}`, `from=${dateText(fromMs)}`, `tier=${tier}`, ...said, rate.label]
  const price = makePrice(line.card, {
    tokenFactor: one,
    listToBilling: one,
    billingToUsd: rate.ratio,
    billingCurrency: currency.toUpperCase(),
    version: version.filter(Boolean).join(' '),
    minimumUnits: {},
  })
  const marks: string[] = []
  if (tier !== query.tier) marks.push('tier_not_priced')
  if (asRouted) marks.push('priced_as_routed')
  return { kind: 'priced', price, marks }
}

interface ModelPricing {
  readonly query: PriceQuery
  readonly terms: UpstreamTerms
  readonly exchange: Exchange
  readonly catalogVersion: string
}

function priceOfModel({ model, asRouted }: FoundModel, pricing: ModelPricing): Resolved {
  const { query, terms, exchange, catalogVersion } = pricing
  const conditional = cardAt(model.cards, query.atMs)
  if (conditional === null) return { kind: 'no_price' }
  const toBilling = exchange.rateAt('USD', terms.currency, query.atMs)
  if (toBilling.kind === 'missing') return noRate(toBilling)
  const toUsd = exchange.rateAt(terms.currency, 'USD', query.atMs)
  if (toUsd.kind === 'missing') return noRate(toUsd)

  const tierFactor = query.tier === 'standard' ? one : (model.tierFactors[query.tier] ?? null)
  const geo = query.geo === '' ? terms.place : query.geo
  const geoFactor = model.geoFactors === null || geo === '' ? one : (model.geoFactors.get(geo) ?? null)
  const discount = terms.discounts.findLast((d) => d.sinceMs <= query.atMs)
  const { condition } = conditional
  const version = [
    `${catalogVersion} ${model.vendor}/${model.id}`,
    condition.kind === 'daily'
      ? `daily=${condition.label}`
      : `from=${condition.kind === 'from' ? condition.label : 'always'}`,
    `tier=${tierFactor === null ? 'standard' : query.tier}`,
    geoFactor === null || geoFactor === one ? '' : `geo=${geo}`,
    discount === undefined || discount.left === one ? '' : `discount=${discount.percent}%`,
    toUsd.label,
  ]
  const marks: string[] = []
  if (tierFactor === null) marks.push('tier_not_priced')
  if (geoFactor === null) marks.push('geo_not_priced')
  if (asRouted) marks.push('priced_as_routed')
  const price = makePrice(conditional.card, {
    tokenFactor: multiply(tierFactor ?? one, geoFactor ?? one),
    listToBilling: multiply(discount?.left ?? one, toBilling.ratio),
    billingToUsd: toUsd.ratio,
    billingCurrency: terms.currency,
    version: version.filter(Boolean).join(' '),
    minimumUnits: model.minimumUnits,
  })
  return { kind: 'priced', price, marks }
}

function noRate(missing: RateMissing): Resolved {
  return { kind: 'no_exchange_rate', from: missing.from, to: missing.to }
}

/** How long the answer holds: until any date or time of day that could change it. */
function steadyFor(
  query: PriceQuery,
  terms: UpstreamTerms,
  used: { readonly exchange: Exchange; readonly model: CatalogModel | null },
): Interval {
  const currencies = new Set([terms.currency, ...terms.overrides.map((line) => line.source.currency)])
  const changesMs = [
    ...terms.overrides.map((line) => line.source.fromMs),
    ...terms.discounts.map((discount) => discount.sinceMs),
    ...[...currencies].flatMap((currency) => used.exchange.changesMs(currency, 'USD')),
  ]
  return steadyAround(query.atMs, used.model?.cards.map((card) => card.condition) ?? [], changesMs)
}

function dateText(atMs: number): string {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? String(atMs) : date.toISOString().replace('T00:00:00.000Z', '')
}
