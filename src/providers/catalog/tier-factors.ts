import { type Decimal, parseDecimal } from '#core/money/decimal.ts'
import type { ServiceTier } from '#core/pricing/catalog.ts'

type Factors = Readonly<Partial<Record<ServiceTier, Decimal>>>

const half = parseDecimal('0.5')
const same = parseDecimal('1')

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
  groq: { flex: same },
  azure: { batch: half },
}

/** OpenAI's priority rates over its standard ones, the same for input, cached input and output: https://openai.com/api-priority-processing/ */
const openaiPriority: Readonly<Record<string, string>> = {
  'gpt-5.5': '2.5',
  'gpt-5.4': '2',
  'gpt-5.4-mini': '2',
  'gpt-5.2': '2',
  'gpt-5.1': '2',
  'gpt-5.1-codex': '2',
  'gpt-5': '2',
  'gpt-5-codex': '2',
  'gpt-5-mini': '1.8',
  'gpt-4.1': '1.75',
}

/** Factors by tier; a tier that is absent has no known price. */
export function tierFactors(vendor: string, modelId: string): Factors {
  const factors = vendorFactors[vendor] ?? {}
  const priority = vendor === 'openai' ? openaiPriority[modelId] : undefined
  return priority === undefined ? factors : { ...factors, priority: parseDecimal(priority) }
}

/**
 * Anthropic charges 1.1 times all token rates for inference kept in the United States, which models from Opus 4.6 and
 * Sonnet 4.6 on can be asked for: https://platform.claude.com/docs/en/manage-claude/data-residency
 */
export function geoFactors(vendor: string, modelId: string): Readonly<Record<string, Decimal>> | null {
  return vendor === 'anthropic' && modelId.startsWith('claude') ? { us: parseDecimal('1.1') } : null
}

const tierWords: Readonly<Record<string, ServiceTier>> = {
  default: 'standard',
  auto: 'standard',
  standard: 'standard',
  on_demand: 'standard',
  unspecified: 'standard',
  traffic_type_unspecified: 'standard',
  batch: 'batch',
  flex: 'flex',
  on_demand_flex: 'flex',
  priority: 'priority',
  on_demand_priority: 'priority',
}

/**
 * `service_tier` of OpenAI (`default`, `flex`, `priority`, `scale`), Anthropic (`standard`, `priority`, `batch`), Groq
 * (`on_demand`, `flex`, `performance`) and Gemini, and `trafficType` of Vertex (`ON_DEMAND`, `ON_DEMAND_FLEX`,
 * `PROVISIONED_THROUGHPUT`). Prepaid capacity (`scale`, `PROVISIONED_THROUGHPUT`) is `other`: its tokens have no
 * price of their own. The traffic type is the more specific word where both are given.
 */
export function tierOf(serviceTier: string | undefined, trafficType: string | undefined): ServiceTier {
  return tierOfWord(trafficType) ?? tierOfWord(serviceTier) ?? 'standard'
}

function tierOfWord(word: string | undefined): ServiceTier | null {
  if (word === undefined || word === '') return null
  const known = tierWords[word]
  return known ?? tierWords[word.toLowerCase()] ?? 'other'
}
