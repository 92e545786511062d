import assert from 'node:assert/strict'
import { formatDecimal, parseDecimal } from '#core/money/decimal.ts'
import { ratio } from '#core/money/ratio.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { CatalogModel } from '#core/pricing/catalog.ts'
import { makePriceBook, type PriceBookOptions } from '#core/pricing/price-book.ts'
import type { CallToPrice, PricedCall } from '#core/pricing/price-call.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { globMatcher } from '#lib/glob.ts'
import { always, card, model, sampleCatalog } from './sample-catalog.ts'

export const day = 86_400_000
const half = ratio(1n, 2n)

const chat = model(
  'chat-1',
  always({
    ...card({ input: '2', cached: '0.5', cache_write: '2.5', output: '8' }),
    web_search: { amount: parseDecimal('10'), per: 1000 },
  }),
  { tierFactors: { batch: half, flex: half }, geoFactors: new Map([['us', ratio(11n, 10n)]]) },
)
const helper = model('helper-1', always(card({ input: '10', output: '50' })))
const tiered = model(
  'long-1',
  always({
    input: { amount: parseDecimal('1'), per: 1_000_000, above: [{ overTokens: 1000, amount: parseDecimal('2') }] },
    output: { amount: parseDecimal('3'), per: 1_000_000, above: [{ overTokens: 5000, amount: parseDecimal('4') }] },
  }),
)
const media = model(
  'media-1',
  always(
    card({
      input: '2',
      cached: '0.2',
      output: '8',
      input_audio: '40',
      output_audio: '80',
      cached_audio: '4',
      input_image: '5',
      output_image: '30',
      reasoning: '12',
    }),
  ),
)
const seconds = model('hear-1', always({ audio_second: { amount: parseDecimal('0.36'), per: 3600 } }), {
  minimumUnits: { audio_second: 10 },
})
const embed = model('embed-1', always(card({ input: '0.02' })))
const fee = model(
  'search-1',
  always({ ...card({ input: '1', output: '1' }), request: { amount: parseDecimal('12'), per: 1000 } }),
)
const blank = model('blank-1', always({}))
export const models: readonly CatalogModel[] = [blank, chat, helper, tiered, media, seconds, embed, fee]

export function book(options: Partial<PriceBookOptions> = {}) {
  const upstreams = [
    { name: 'up', kind: 'openai', baseUrl: null, billing: { currency: 'USD', discounts: [] } },
    { name: 'cn', kind: 'openai-compatible', baseUrl: null, billing: { currency: 'CNY', discounts: [] } },
  ]
  return makePriceBook({
    matcher: globMatcher,
    catalog: sampleCatalog(models),
    overrides: [],
    upstreams,
    exchangeRates: [],
    costSource: 'computed',
    ...options,
  })
}

export function call(modelServed: string, usage: ReportedUsage | null, more: Partial<CallToPrice> = {}): CallToPrice {
  return {
    upstream: 'up',
    vendor: 'acme',
    modelServed,
    modelRouted: modelServed,
    endpoint: 'chat.completions',
    atMs: 100 * day,
    usage,
    usageSource: 'provider',
    ...more,
  }
}

/** The parts in plain text without the zeros at the end, so that a row of a test can be read. */
export function shown({ cost, marks }: PricedCall): Record<string, unknown> {
  const plain = (amount: Parameters<typeof formatUsd>[0]) => formatDecimal(parseDecimal(formatUsd(amount)))
  const parts = {
    in: cost.inputPicoUsd,
    cached: cost.cachedInputPicoUsd,
    write: cost.cacheWritePicoUsd,
    out: cost.outputPicoUsd,
    other: cost.otherPicoUsd,
    total: cost.totalPicoUsd,
  }
  const nonzero = Object.entries(parts).filter(([, amount]) => amount !== 0n)
  return {
    ...Object.fromEntries(nonzero.map(([name, amount]) => [name, plain(amount)])),
    ...(marks.length ? { marks } : {}),
    ...(cost.unpriced ? { unpriced: true } : {}),
  }
}

export function check(
  modelName: string,
  usage: ReportedUsage | null,
  expected: Record<string, unknown>,
  more: Partial<CallToPrice> = {},
  options: Partial<PriceBookOptions> = {},
): void {
  assert.deepEqual(shown(book(options).priceCall(call(modelName, usage, more))), expected)
}
