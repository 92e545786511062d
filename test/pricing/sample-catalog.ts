import { parseDecimal } from '#core/money/decimal.ts'
import type { Catalog, CatalogModel } from '#core/pricing/catalog.ts'
import type { RateCard, RateName } from '#core/pricing/rate-card.ts'
import type { ConditionalCard } from '#core/pricing/schedule.ts'

/** Rates in USD per million, by decimal text. */
export function card(rates: Readonly<Partial<Record<RateName, string>>>): RateCard {
  const entries = Object.entries(rates).map(([name, text]) => [name, { amount: parseDecimal(text), per: 1_000_000 }])
  return Object.fromEntries(entries)
}

export function model(id: string, cards: readonly ConditionalCard[], more: Partial<CatalogModel> = {}): CatalogModel {
  return { vendor: 'acme', id, cards, tierFactors: {}, geoFactors: null, minimumUnits: {}, ...more }
}

export function always(rates: RateCard): readonly ConditionalCard[] {
  return [{ condition: { kind: 'always' }, card: rates }]
}

/** A catalog of made-up models, found by their exact name. Tiers are called what we call them. */
export function sampleCatalog(models: readonly CatalogModel[]): Catalog {
  return {
    version: 'sample@1',
    find: ({ model: name }) => models.find((candidate) => candidate.id === name) ?? null,
    vendorOfUpstream: () => null,
    placeOfUpstream: () => '',
    tierOf: ({ serviceTier }) => {
      switch (serviceTier) {
        case undefined:
          return 'standard'
        case 'batch':
        case 'flex':
        case 'priority':
          return serviceTier
        default:
          return 'other'
      }
    },
  }
}
