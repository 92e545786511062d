import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices'
import { type Decimal, decimalOfNumber } from '#core/money/decimal.ts'
import { type CatalogModel, freeCard } from '#core/pricing/catalog.ts'
import type { ListRate, RateCard, RateName } from '#core/pricing/rate-card.ts'
import type { CardCondition, ConditionalCard } from '#core/pricing/schedule.ts'
import { searchFees } from './search-fees.ts'
import { geoFactors, tierFactors } from './tier-factors.ts'

/** Our name of each price key of the package, and how many units its amount buys. Keys that nothing we meter uses are left out. */
const priceKeys: Readonly<Record<string, readonly [RateName, number]>> = {
  input_mtok: ['input', 1_000_000],
  input_text_mtok: ['input_text', 1_000_000],
  input_audio_mtok: ['input_audio', 1_000_000],
  input_image_mtok: ['input_image', 1_000_000],
  input_video_mtok: ['input_video', 1_000_000],
  cache_read_mtok: ['cached', 1_000_000],
  cache_text_read_mtok: ['cached_text', 1_000_000],
  cache_audio_read_mtok: ['cached_audio', 1_000_000],
  cache_image_read_mtok: ['cached_image', 1_000_000],
  cache_video_read_mtok: ['cached_video', 1_000_000],
  cache_write_mtok: ['cache_write', 1_000_000],
  cache_write_5m_mtok: ['cache_write_5m', 1_000_000],
  cache_write_1h_mtok: ['cache_write_1h', 1_000_000],
  output_mtok: ['output', 1_000_000],
  output_text_mtok: ['output_text', 1_000_000],
  output_audio_mtok: ['output_audio', 1_000_000],
  output_image_mtok: ['output_image', 1_000_000],
  output_video_mtok: ['output_video', 1_000_000],
  output_reasoning_mtok: ['reasoning', 1_000_000],
  requests_kcount: ['request', 1_000],
  web_searches_kcount: ['web_search', 1_000],
  storage_searches_kcount: ['file_search', 1_000],
  output_citation_mtok: ['citation_token', 1_000_000],
  rerank_searches_kcount: ['search_unit', 1_000],
  code_executions_kcount: ['code_execution', 1_000],
  input_audio_hours: ['audio_second', 3_600],
}

/**
 * Models that the catalog lists without any rate because they cost nothing. An empty list anywhere else means that
 * nobody wrote the price down, and then the model is unpriced.
 */
const freeModels: readonly { readonly vendor: string; readonly id: RegExp }[] = [
  // https://platform.openai.com/docs/guides/moderation: the moderations endpoint is free of charge.
  { vendor: 'openai', id: /^moderation$/ },
  // https://ai.google.dev/gemini-api/docs/pricing: Gemma is offered in the free tier only.
  { vendor: 'google', id: /^gemma-/ },
]

/** Brings one model of the package to our terms. Numbers become exact through their shortest text. */
export function convertModel(vendor: string, model: ModelInfo): CatalogModel {
  const conditional: readonly ConditionalPrice[] = Array.isArray(model.prices)
    ? model.prices
    : [{ prices: model.prices }]
  const cards: ConditionalCard[] = conditional.map((price) => ({
    condition: convertCondition(price.constraint),
    card: convertCard(vendor, model.id, price.prices),
  }))
  return {
    vendor,
    id: model.id,
    cards,
    tierFactors: tierFactors(vendor, model.id),
    geoFactors: geoFactors(vendor, model.id),
    minimumUnits: minimumUnits(vendor, model.id),
  }
}

function convertCard(vendor: string, id: string, prices: ModelPrice): RateCard {
  if (Object.keys(prices).length === 0 && isFree(vendor, id)) return freeCard
  const card: Partial<Record<RateName, ListRate>> = { ...searchFees(vendor, id) }
  for (const [key, [name, per]] of Object.entries(priceKeys)) {
    const price = prices[key]
    if (price === undefined) continue
    card[name] = typeof price === 'number' ? { amount: decimalOfNumber(price), per } : { ...tiered(price), per }
  }
  return card
}

function tiered(price: {
  base: number
  tiers: { start: number; price: number }[]
}): Pick<ListRate, 'amount' | 'above'> {
  const above = price.tiers
    .map((tier): { overTokens: number; amount: Decimal } => ({
      overTokens: tier.start,
      amount: decimalOfNumber(tier.price),
    }))
    .sort((a, b) => a.overTokens - b.overTokens)
  return { amount: decimalOfNumber(price.base), above }
}

function isFree(vendor: string, id: string): boolean {
  return id.endsWith(':free') || freeModels.some((free) => free.vendor === vendor && free.id.test(id))
}

/** Groq bills its transcription by at least 10 seconds (https://console.groq.com/docs/speech-to-text). */
function minimumUnits(vendor: string, id: string): CatalogModel['minimumUnits'] {
  return vendor === 'groq' && id.startsWith('whisper-large-v3') ? { audio_second: 10 } : {}
}

function convertCondition(constraint: ConditionalPrice['constraint']): CardCondition {
  if (constraint === undefined) return { kind: 'always' }
  if (constraint.type === 'start_date') {
    return { kind: 'from', fromMs: Date.parse(constraint.start_date), label: constraint.start_date }
  }
  const { start_time, end_time } = constraint
  return {
    kind: 'daily',
    startMs: timeOfDayMs(start_time),
    endMs: timeOfDayMs(end_time),
    label: `${start_time}-${end_time}`,
  }
}

const timeShape = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/
const dayMs = 86_400_000

/** Milliseconds after midnight UTC of a time of day with a zone. */
function timeOfDayMs(text: string): number {
  const [, hours, minutes, seconds, fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] =
    timeShape.exec(text) ?? []
  if (hours === undefined) throw new Error(`the price catalog has a time of day that is none: ${text}`)
  const localMs =
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(fraction.padEnd(3, '0'))
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  return (localMs + (sign === '+' ? -zoneMs : zoneMs) + dayMs) % dayMs
}
