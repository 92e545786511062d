import type { Ratio } from '#core/money/ratio.ts'
import type { UnitName } from '#core/usage/units.ts'
import type { RateCard } from './rate-card.ts'
import type { ConditionalCard } from './schedule.ts'

/** The tiers that have prices of their own. Anything else a provider may name is `other`: no list has a price for it. */
export const serviceTiers = ['standard', 'batch', 'flex', 'priority', 'fast', 'other'] as const

export type ServiceTier = (typeof serviceTiers)[number]

/** The words of an answer that tell its tier. */
export interface TierWords {
  readonly serviceTier: string | undefined
  readonly trafficType: string | undefined
  readonly speed: string | undefined
}

/** A model as the catalog lists it. All prices are in USD. */
export interface CatalogModel {
  /** Whose list this is: the maker of the model, or a relay with a list of its own. */
  readonly vendor: string
  readonly id: string
  /** Later ones win over earlier ones where several hold; never empty. */
  readonly cards: readonly ConditionalCard[]
  /** What token rates are multiplied by in tiers other than standard; absent = not known. */
  readonly tierFactors: Readonly<Partial<Record<ServiceTier, Ratio>>>
  /** What token rates are multiplied by where answer or address name the place of inference; absent places are not known. */
  readonly geoFactors: ReadonlyMap<string, Ratio> | null
  /** The least that is billed of a unit, where it is used at all. */
  readonly minimumUnits: Readonly<Partial<Record<UnitName, number>>>
}

export interface CatalogQuery {
  /** Whose list the upstream bills by, or null where it is nobody's that the catalog knows. */
  readonly upstreamVendor: string | null
  readonly vendor: string
  readonly model: string
}

/** List prices, and how vendors name what moves them. Pure; answers may be kept. */
export interface Catalog {
  /** Names package and version, for the price version of the record. */
  readonly version: string
  find(query: CatalogQuery): CatalogModel | null
  /** Whose list an upstream bills by, told from its address or its kind. */
  vendorOfUpstream(kind: string, baseUrl: string | null): string | null
  /** The place of inference that an upstream's address stands for, as `geoFactors` name it; empty = none. */
  placeOfUpstream(baseUrl: string | null): string
  /** What the tier that an answer names is called in price lists. */
  tierOf(words: TierWords): ServiceTier
}

/** A price list that gives every token of both directions away: what the catalog means by a free model. */
export const freeCard: RateCard = {
  input: { amount: { unscaled: 0n, scale: 0 }, per: 1_000_000 },
  output: { amount: { unscaled: 0n, scale: 0 }, per: 1_000_000 },
}
