import { boundCall, type CallBounds, type CostBound } from './bound.ts'
import { type CallToPrice, isFree, type PricedCall, priceCall } from './price-call.ts'
import { type DatedPrice, makeResolver, type PriceQuery, type PriceSources, type Resolved } from './resolve.ts'

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

/** @throws MoneyFault where a rate, a discount or an exchange rate of the configuration cannot be read. */
export function makePriceBook(options: PriceBookOptions): PriceBook {
  const resolver = makeResolver(options)
  const priceAt = cachedResolve(resolver.resolve)
  const { costSource } = options
  const { tierOf } = options.catalog
  const anthropics = new Set(options.upstreams.filter(({ kind }) => kind === 'anthropic').map(({ name }) => name))
  const isAnthropics = (upstream: string) => anthropics.has(upstream)
  const rules = { priceAt, tierOf, costSource, currencyOf: resolver.currencyOf, isAnthropics }
  return {
    priceCall: (call) => priceCall(call, rules),
    boundCall: (bounds) => boundCall(bounds, { priceAt, tierOf, booksStated: costSource === 'provider', isFree }),
    priceAt,
    known: ({ upstream, vendor, model, atMs }) => {
      const query = { upstream, vendor, modelServed: model, modelRouted: '', tier: 'standard', geo: '', atMs } as const
      const resolved = priceAt(query)
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
