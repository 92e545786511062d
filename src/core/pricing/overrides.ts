import { parseDecimal } from '#core/money/decimal.ts'
import type { ServiceTier } from './catalog.ts'
import type { ListRate, RateCard, RateName } from './rate-card.ts'

/** One dated line of a price list of our own, as the configuration has it. Rates are exact decimal text. */
export interface PriceOverride {
  /** Name of a configured provider. */
  readonly provider: string
  /** Glob. */
  readonly model: string
  readonly fromMs: number
  readonly tier: ServiceTier
  readonly currency: string
  readonly rates: Readonly<Partial<Record<OverrideRateName, string>>>
}

/** The names of rates in the configuration: which of ours they are, and how many units the amount buys. */
const overrideRates = {
  input_per_mtok: ['input', 1_000_000],
  cached_input_per_mtok: ['cached', 1_000_000],
  cache_write_5m_per_mtok: ['cache_write_5m', 1_000_000],
  cache_write_1h_per_mtok: ['cache_write_1h', 1_000_000],
  output_per_mtok: ['output', 1_000_000],
  reasoning_per_mtok: ['reasoning', 1_000_000],
  input_audio_per_mtok: ['input_audio', 1_000_000],
  output_audio_per_mtok: ['output_audio', 1_000_000],
  input_image_per_mtok: ['input_image', 1_000_000],
  output_image_per_mtok: ['output_image', 1_000_000],
  per_request: ['request', 1],
  web_search_per_1k: ['web_search', 1_000],
  file_search_per_1k: ['file_search', 1_000],
  audio_per_hour: ['audio_second', 3_600],
} as const satisfies Readonly<Record<string, readonly [RateName, number]>>

export type OverrideRateName = keyof typeof overrideRates

export const overrideRateNames = Object.keys(overrideRates) as readonly OverrideRateName[]

/** Whether a name matches any of the globs, without regard to case. */
export type Matcher = (globs: readonly string[]) => (name: string) => boolean

/** An override with its rates read. */
export interface OverrideLine {
  readonly source: PriceOverride
  readonly card: RateCard
  readonly matches: (model: string) => boolean
  /** How much a glob says: its characters that are no wildcards. */
  readonly literals: number
}

/** @throws MoneyFault where a rate is not a decimal number. */
export function overrideLine(source: PriceOverride, matcher: Matcher): OverrideLine {
  const card: Partial<Record<RateName, ListRate>> = {}
  for (const [name, [rate, per]] of Object.entries(overrideRates)) {
    const text = source.rates[name as OverrideRateName]
    if (text !== undefined) card[rate] = { amount: parseDecimal(text), per }
  }
  const literals = source.model.replace(/[*?]/g, '').length
  return { source, card, matches: matcher([source.model]), literals }
}

/**
 * The line in force: of those that name the model and have begun, an exact name beats a glob, then the latest
 * beginning, then the glob that says more, then the later line of the file. Names are tried in the order given.
 */
export function overrideAt(
  lines: readonly OverrideLine[],
  models: readonly string[],
  tier: ServiceTier,
  atMs: number,
): OverrideLine | null {
  const begun = lines.filter((line) => line.source.tier === tier && line.source.fromMs <= atMs)
  for (const kind of ['exact', 'glob'] as const) {
    for (const model of models) {
      const best = latestFit(begun, model, kind)
      if (best !== null) return best
    }
  }
  return null
}

function latestFit(lines: readonly OverrideLine[], model: string, kind: 'exact' | 'glob'): OverrideLine | null {
  let best: OverrideLine | null = null
  for (const line of lines) {
    const exact = line.source.model.toLowerCase() === model.toLowerCase()
    if (kind === 'exact' ? !exact : exact || !line.matches(model)) continue
    const later =
      best === null
        ? 0
        : line.source.fromMs - best.source.fromMs || (kind === 'glob' ? line.literals - best.literals : 0)
    if (later >= 0) best = line
  }
  return best
}
