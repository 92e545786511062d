import type { ListedPrice, LookUpPrices, PricesAnswer, PricesQuery } from '#cli/prices.ts'
import type { Config } from '#config/config.ts'
import { loadConfigOrExit, processSources } from '#config/process.ts'
import { describePrice } from '#core/pricing/describe.ts'
import { makePriceBook, type PriceBook } from '#core/pricing/price-book.ts'
import { systemClock } from '#edge/system.ts'
import { closest } from '#lib/closest.ts'
import { globMatcher } from '#lib/glob.ts'
import { isoText } from '#lib/iso-text.ts'
import { openCatalog, type PriceCatalog } from '#providers/catalog/catalog.ts'

/** Answers `tollgate prices` from this process's configuration and the catalog; touches no data directory. */
export const lookUpPrices: LookUpPrices = async (query, overrides) => {
  const { config } = loadConfigOrExit(processSources(overrides))
  return pricesIn(config, await openCatalog(), { ...query, atMs: query.atMs ?? systemClock.wallMs() })
}

/** The same for a given configuration and time. Exported for its test. */
export function pricesIn(config: Config, catalog: PriceCatalog, query: PricesQuery & { atMs: number }): PricesAnswer {
  const book = makePriceBook({
    matcher: globMatcher,
    catalog,
    overrides: config.prices,
    upstreams: config.providers,
    exchangeRates: config.exchangeRates,
    costSource: config.costSource,
  })
  const serving = config.providers.filter((provider) =>
    query.provider === null ? globMatcher(provider.models)(query.model) : provider.name === query.provider,
  )
  const vendor = catalog.vendorOfModel(query.model) ?? ''
  const prices = serving.map(({ name }) => listedPrice(book, { ...query, provider: name, vendor }))
  if (serving.length === 0 && query.provider !== null) prices.push(noPrice(query, query.provider, noProvider))
  if (serving.length === 0 && query.provider === null) {
    prices.push(listedPrice(book, { ...query, provider: 'list price (no configured provider serves it)', vendor }))
  }
  const found = prices.some((price) => price.problem === null)
  return {
    at: isoText(query.atMs),
    prices,
    closeMatches: found ? [] : closest(query.model, new Set(catalog.vendors.flatMap(catalog.modelIds)), { most: 3 }),
  }
}

const noProvider = 'there is no configured provider of this name'

interface Asked extends PricesQuery {
  readonly atMs: number
  readonly provider: string
  readonly vendor: string
}

function listedPrice(book: PriceBook, { provider, vendor, model, tier, atMs }: Asked): ListedPrice {
  const resolved = book.priceAt({
    upstream: provider,
    vendor,
    modelServed: model,
    modelRouted: '',
    tier,
    geo: '',
    atMs,
  })
  switch (resolved.kind) {
    case 'no_price':
      return noPrice({ model }, provider, 'no price is known')
    case 'no_exchange_rate':
      return noPrice({ model }, provider, `there is no exchange rate from ${resolved.from} to ${resolved.to}`)
    case 'priced': {
      const { price, marks } = resolved
      const bands = describePrice(price)
      return { provider, model, problem: null, billingCurrency: price.billingCurrency, marks, bands }
    }
  }
}

function noPrice({ model }: { readonly model: string }, provider: string, problem: string): ListedPrice {
  return { provider, model, problem, billingCurrency: 'USD', marks: [], bands: [] }
}
