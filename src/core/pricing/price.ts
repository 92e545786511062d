import { multiply, one, type Ratio, ratio, ratioOfDecimal } from '#core/money/ratio.ts'
import type { TokenKind } from '#core/usage/counts.ts'
import type { UnitName } from '#core/usage/units.ts'
import {
  billedUnits,
  type CostPart,
  type ListRate,
  type RateCard,
  type RateName,
  rateNames,
  tokenPricing,
} from './rate-card.ts'

/** Money for one token or unit, ready to be multiplied: 1e-12 of the currency, as an exact fraction. */
export interface LineRate {
  readonly usd: Ratio
  readonly billing: Ratio
}

export interface TokenLine extends LineRate {
  readonly kind: TokenKind
  readonly part: CostPart
}

interface UnitLine extends LineRate {
  readonly unit: UnitName
}

/** What one call costs as long as its whole input is above `overTokens` and not above the next band's. */
export interface PriceBand {
  readonly overTokens: number
  readonly tokens: readonly TokenLine[]
  /** The same by their kind; null for the kinds that this price has no rate for. */
  readonly byKind: Readonly<Record<TokenKind, TokenLine | null>>
  readonly units: readonly UnitLine[]
  /** Audio has a rate of its own; where it has none it is priced as text. */
  readonly hasAudioRate: { readonly input: boolean; readonly output: boolean }
  /** Pictures cost more, or less, than the text beside them. */
  readonly hasImageOutputRate: boolean
  readonly version: string
}

/** A price list made ready for one upstream: discount, tier and currency multiplied in, nothing rounded yet. */
export interface Price {
  /** Ascending by threshold; the first holds from zero on. */
  readonly bands: readonly PriceBand[]
  readonly billingCurrency: string
  readonly minimumUnits: Readonly<Partial<Record<UnitName, number>>>
}

interface PriceTerms {
  /** Multiplies token rates only: tiers and places do not change what a search costs. */
  readonly tokenFactor: Ratio
  /** Multiplies every rate: what is left after the discount, and the way from list to billing currency. */
  readonly listToBilling: Ratio
  readonly billingToUsd: Ratio
  readonly billingCurrency: string
  readonly version: string
  readonly minimumUnits: Readonly<Partial<Record<UnitName, number>>>
}

const picoPerUnit = 10n ** 12n

export function makePrice(card: RateCard, terms: PriceTerms): Price {
  const thresholds = new Set([0])
  for (const name of rateNames) for (const step of card[name]?.above ?? []) thresholds.add(step.overTokens)
  const bands = [...thresholds].sort((a, b) => a - b).map((overTokens) => makeBand(card, terms, overTokens))
  return { bands, billingCurrency: terms.billingCurrency, minimumUnits: terms.minimumUnits }
}

/** The whole request is priced by its whole input; exactly at a threshold the lower band still holds. */
export function bandFor(price: Price, inputTokens: number): PriceBand | undefined {
  let band = price.bands[0]
  for (let i = 1; i < price.bands.length; i += 1) {
    const next = price.bands[i]
    if (next === undefined || inputTokens <= next.overTokens) break
    band = next
  }
  return band
}

function makeBand(card: RateCard, terms: PriceTerms, overTokens: number): PriceBand {
  const perOne = (name: RateName): Ratio | null => {
    const rate = card[name]
    return rate === undefined ? null : listPerOne(rate, overTokens)
  }
  const line = (perToken: Ratio, factor: Ratio): LineRate => {
    const billing = multiply(multiply(perToken, factor), terms.listToBilling)
    // The very same object where the bill is in USD, so that a call multiplies once.
    return { billing, usd: terms.billingToUsd === one ? billing : multiply(billing, terms.billingToUsd) }
  }
  const tokens: TokenLine[] = []
  const byKind = { ...noLines }
  for (const { kind, part, chain } of tokenPricing) {
    const perToken = first(chain, perOne) ?? (kind === 'cacheWrite1h' ? hourWrite(perOne) : null)
    if (perToken === null) continue
    const priced = { kind, part, ...line(perToken, terms.tokenFactor) }
    byKind[kind] = priced
    tokens.push(priced)
  }
  const units: UnitLine[] = []
  for (const { unit, rate, like } of billedUnits) {
    const perUnit = perOne(rate) ?? (like === undefined ? null : perOne(like))
    if (perUnit !== null) units.push({ unit, ...line(perUnit, one) })
  }
  const version = overTokens === 0 ? terms.version : `${terms.version} context>${overTokens}`
  const hasAudioRate = { input: perOne('input_audio') !== null, output: perOne('output_audio') !== null }
  const hasImageOutputRate = perOne('output_image') !== null
  return { overTokens, tokens, byKind, units, hasAudioRate, hasImageOutputRate, version }
}

const noLines: Record<TokenKind, TokenLine | null> = {
  textInput: null,
  audioInput: null,
  imageInput: null,
  videoInput: null,
  textCached: null,
  audioCached: null,
  imageCached: null,
  videoCached: null,
  cacheWrite5m: null,
  cacheWrite1h: null,
  textOutput: null,
  reasoning: null,
  audioOutput: null,
  imageOutput: null,
  videoOutput: null,
}

/**
 * A write for one hour where the list has no rate for it: twice the input rate where writes are charged at all, which
 * is the rule of the one vendor that has such writes (1.25 times the input for five minutes, 2 times for an hour:
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing). A list without any rate for writes
 * bills them as input.
 */
function hourWrite(perOne: (name: RateName) => Ratio | null): Ratio | null {
  const input = first(['input_text', 'input'], perOne)
  const minutes = first(['cache_write_5m', 'cache_write'], perOne)
  if (input === null) return minutes
  return minutes === null ? input : multiply(input, { num: 2n, den: 1n })
}

function first(chain: readonly RateName[], perOne: (name: RateName) => Ratio | null): Ratio | null {
  for (const name of chain) {
    const found = perOne(name)
    if (found !== null) return found
  }
  return null
}

function listPerOne(rate: ListRate, overTokens: number): Ratio {
  let amount = rate.amount
  for (const step of rate.above ?? []) if (step.overTokens <= overTokens) amount = step.amount
  return multiply(ratioOfDecimal(amount), ratio(picoPerUnit, BigInt(rate.per)))
}
