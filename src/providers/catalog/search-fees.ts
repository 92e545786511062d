import { type Decimal, parseDecimal } from '#core/money/decimal.ts'
import type { CatalogModel } from '#core/pricing/catalog.ts'
import type { ListRate, RateCard } from '#core/pricing/rate-card.ts'

/**
 * Fees of searches that the price package does not have.
 *
 * OpenAI, https://platform.openai.com/docs/pricing (built-in tools): a search by the preview of its tool costs 25 USD a
 * thousand where the model does not reason, its content included; with reasoning models 10 USD, as by the tool itself.
 * The models that search in chat completions do so for every request, and no answer shows it.
 *
 * Perplexity, https://docs.perplexity.ai/getting-started/pricing: a request costs by how much of the web it had read
 * (`search_context_size`, told in the answer); the package has the highest of three fees.
 */
const openaiPreview = /^(?:gpt-4o|gpt-4\.1)/
const openaiSearching = /^gpt-4o(?:-mini)?-search-preview/
const dearFee: ListRate = perThousand(parseDecimal('25'))

function perThousand(amount: Decimal): ListRate {
  return { amount, per: 1_000 }
}

const perplexityFees: ReadonlyMap<string, RateCard> = new Map([
  ['sonar', byContext('5', '8')],
  ['sonar-reasoning', byContext('5', '8')],
  ['sonar-pro', byContext('6', '10')],
  ['sonar-reasoning-pro', byContext('6', '10')],
])

function byContext(low: string, medium: string): RateCard {
  return { request_low: perThousand(parseDecimal(low)), request_medium: perThousand(parseDecimal(medium)) }
}

/** The rates of searches that the list lacks for the model of this id. */
export function searchFees(vendor: string, id: string): RateCard {
  if (vendor === 'perplexity') return perplexityFees.get(id) ?? {}
  return vendor === 'openai' && openaiPreview.test(id) ? { web_search_preview: dearFee } : {}
}

const made = new WeakMap<CatalogModel, CatalogModel>()

/** The same with the fee of every request where a model of this name searches: it may share its list with one that does not. */
export function withSearchFee(model: CatalogModel, bareName: string): CatalogModel {
  if (model.vendor !== 'openai' || !openaiSearching.test(bareName)) return model
  const known = made.get(model)
  if (known !== undefined) return known
  const cards = model.cards.map(({ condition, card }) => ({ condition, card: { ...card, request: dearFee } }))
  const searching = { ...model, id: bareName, cards }
  made.set(model, searching)
  return searching
}
