import { one, type Ratio, ratio } from '#core/money/ratio.ts'
import type { ServiceTier, TierWords } from '#core/pricing/catalog.ts'

type Factors = Readonly<Partial<Record<ServiceTier, Ratio>>>

/** What regional addresses of OpenAI are called in price versions: all cost the same. */
const openaiRegion = 'region'

const half = ratio(1n, 2n)

/**
 * What token rates are multiplied by, where the vendor states one factor for all its models:
 * - openai batch: half (https://platform.openai.com/docs/guides/batch); flex: the batch rates
 *   (https://platform.openai.com/docs/guides/flex-processing).
 * - anthropic batch: half (https://platform.claude.com/docs/en/build-with-claude/batch-processing). Its priority tier
 *   is paid by commitment, not by a rate.
 * - google batch and flex: half (https://ai.google.dev/gemini-api/docs/optimization,
 *   https://cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo). Priority is "75 % to 100 % more": no factor.
 * - groq flex: as on demand (https://console.groq.com/docs/flex-processing).
 * - azure batch: half (https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch).
 */
const vendorFactors: Readonly<Record<string, Factors>> = {
  openai: { batch: half, flex: half },
  anthropic: { batch: half },
  google: { batch: half, flex: half },
  groq: { flex: one },
  azure: { batch: half },
}

/**
 * Factors that hold for one model, the same for all its token rates:
 * - openai priority: its priority rates over its standard ones, https://openai.com/api-priority-processing/
 * - anthropic fast: https://platform.claude.com/docs/en/build-with-claude/fast-mode
 */
const modelFactors: Readonly<Record<string, Factors>> = {
  'openai/gpt-5.5': { priority: ratio(5n, 2n) },
  'openai/gpt-5.4': { priority: ratio(2n, 1n) },
  'openai/gpt-5.4-mini': { priority: ratio(2n, 1n) },
  'openai/gpt-5.2': { priority: ratio(2n, 1n) },
  'openai/gpt-5.1': { priority: ratio(2n, 1n) },
  'openai/gpt-5.1-codex': { priority: ratio(2n, 1n) },
  'openai/gpt-5': { priority: ratio(2n, 1n) },
  'openai/gpt-5-codex': { priority: ratio(2n, 1n) },
  'openai/gpt-5-mini': { priority: ratio(9n, 5n) },
  'openai/gpt-4.1': { priority: ratio(7n, 4n) },
  'openai/gpt-4.1-mini': { priority: ratio(7n, 4n) },
  'openai/gpt-4.1-nano': { priority: ratio(2n, 1n) },
  'openai/gpt-4o': { priority: ratio(17n, 10n) },
  'openai/gpt-4o-2024-05-13': { priority: ratio(7n, 4n) },
  'openai/gpt-4o-mini': { priority: ratio(5n, 3n) },
  'openai/o3': { priority: ratio(7n, 4n) },
  'openai/o4-mini': { priority: ratio(20n, 11n) },
  'anthropic/claude-opus-4-6': { fast: ratio(6n, 1n) },
  'anthropic/claude-opus-4-7': { fast: ratio(6n, 1n) },
  'anthropic/claude-opus-4-8': { fast: ratio(2n, 1n) },
  'anthropic/claude-opus-5': { fast: ratio(2n, 1n) },
  'anthropic/claude-opus-5-5': { fast: ratio(2n, 1n) },
}

/** Factors by tier; a tier that is absent has no known price. */
export function tierFactors(vendor: string, modelId: string): Factors {
  return { ...vendorFactors[vendor], ...modelFactors[`${vendor}/${modelId}`] }
}

const tenthMore = ratio(11n, 10n)
const usOnly: ReadonlyMap<string, Ratio> = new Map([['us', tenthMore]])
const anyRegion: ReadonlyMap<string, Ratio> = new Map([[openaiRegion, tenthMore]])
const noRegion: ReadonlyMap<string, Ratio> = new Map()

/** OpenAI's models from before 5 March 2026, which cost the same everywhere. */
const beforeRegions =
  /^(?:ft:|gpt-(?:3|4|5(?:$|-|\.[0-3])|audio|image-1|realtime(?:$|-mini)|oss)|o[134](?:$|-)|chatgpt-4o|codex-mini|computer-use|text-|whisper|moderation|ada|babbage|curie|davinci)/
/** Text models since then. Of others (pictures, sound) nobody has said what they cost there. */
const sinceRegions = /^gpt-(?:5\.[4-9]|[6-9])(?!.*image)/

/**
 * What token rates are multiplied by, where the place of inference costs extra:
 * - anthropic: 1.1 for inference kept in the United States, which models from Opus 4.6 and Sonnet 4.6 on can be asked
 *   for: https://platform.claude.com/docs/en/manage-claude/data-residency
 * - openai: 1.1 at regional addresses, for models released on or after 5 March 2026:
 *   https://developers.openai.com/api/docs/guides/data-residency
 */
export function geoFactors(vendor: string, modelId: string): ReadonlyMap<string, Ratio> | null {
  if (vendor === 'anthropic') return modelId.startsWith('claude') ? usOnly : null
  if (vendor !== 'openai' || beforeRegions.test(modelId)) return null
  return sinceRegions.test(modelId) ? anyRegion : noRegion
}

/** Such as https://eu.api.openai.com/v1. */
const regionalAddress = /^https:\/\/[a-z]{2}\.api\.openai\.com(?::443)?(?:\/|$)/i

/** The place that an upstream's address stands for, where that costs extra; empty = none. */
export function placeOfAddress(baseUrl: string | null): string {
  return baseUrl !== null && regionalAddress.test(baseUrl) ? openaiRegion : ''
}

/** A map, because the words come from outside and an object knows more names than its own. */
const tierWords: ReadonlyMap<string, ServiceTier> = new Map([
  ['default', 'standard'],
  ['auto', 'standard'],
  ['standard', 'standard'],
  ['standard_only', 'standard'],
  ['on_demand', 'standard'],
  ['unspecified', 'standard'],
  ['traffic_type_unspecified', 'standard'],
  ['batch', 'batch'],
  ['flex', 'flex'],
  ['on_demand_flex', 'flex'],
  ['priority', 'priority'],
  ['on_demand_priority', 'priority'],
])

/**
 * `service_tier` of OpenAI (`default`, `flex`, `priority`, `scale`), Anthropic (`standard`, `priority`, `batch`), Groq
 * (`on_demand`, `flex`, `performance`) and Gemini, and `trafficType` of Vertex (`ON_DEMAND`, `ON_DEMAND_FLEX`,
 * `PROVISIONED_THROUGHPUT`), and Anthropic's `speed`. Prepaid capacity (`scale`, `PROVISIONED_THROUGHPUT`) is `other`: its tokens have no
 * price of their own. The traffic type is the more specific word where both are given.
 */
export function tierOf({ serviceTier, trafficType, speed }: TierWords): ServiceTier {
  const tier = tierOfWord(trafficType) ?? tierOfWord(serviceTier) ?? 'standard'
  // A fast answer of another tier than the standard one has a price that nobody states.
  return speed === 'fast' ? (tier === 'standard' ? 'fast' : 'other') : tier
}

function tierOfWord(word: string | undefined): ServiceTier | null {
  if (word === undefined || word === '') return null
  return tierWords.get(word) ?? tierWords.get(word.toLowerCase()) ?? 'other'
}
