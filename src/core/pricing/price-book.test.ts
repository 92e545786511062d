import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDecimal, parseDecimal } from '#core/money/decimal.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { always, card, model, sampleCatalog } from '#test/pricing/sample-catalog.ts'
import type { CatalogModel } from './catalog.ts'
import { type CallToPrice, makePriceBook, type PriceBookOptions, type PricedCall } from './price-book.ts'

const day = 86_400_000
const half = parseDecimal('0.5')

const chat = model(
  'chat-1',
  always({
    ...card({ input: '2', cached: '0.5', cache_write: '2.5', output: '8' }),
    web_search: { amount: parseDecimal('10'), per: 1000 },
  }),
  { tierFactors: { batch: half, flex: half }, geoFactors: new Map([['us', parseDecimal('1.1')]]) },
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
const models: readonly CatalogModel[] = [chat, helper, tiered, media, seconds, embed, fee]

function book(options: Partial<PriceBookOptions> = {}) {
  const upstreams = [
    { name: 'up', kind: 'openai', baseUrl: null, billing: { currency: 'USD', discounts: [] } },
    { name: 'cn', kind: 'openai-compatible', baseUrl: null, billing: { currency: 'CNY', discounts: [] } },
  ]
  return makePriceBook({
    catalog: sampleCatalog(models),
    overrides: [],
    upstreams,
    exchangeRates: [],
    costSource: 'computed',
    ...options,
  })
}

function call(modelServed: string, usage: ReportedUsage | null, more: Partial<CallToPrice> = {}): CallToPrice {
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
function shown({ cost, marks }: PricedCall): Record<string, unknown> {
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

function check(
  modelName: string,
  usage: ReportedUsage | null,
  expected: Record<string, unknown>,
  more: Partial<CallToPrice> = {},
  options: Partial<PriceBookOptions> = {},
): void {
  assert.deepEqual(shown(book(options).priceCall(call(modelName, usage, more))), expected)
}

test('every kind of token costs its own rate', () => {
  check(
    'chat-1',
    { inputTokens: 1000, cachedInputTokens: 200, cacheWriteTokens: 100, outputTokens: 50, reasoningTokens: 20 },
    { in: '0.0014', cached: '0.0001', write: '0.00025', out: '0.0004', total: '0.00215' },
  )
  check(
    'media-1',
    {
      inputTokens: 100,
      audioInputTokens: 60,
      audioCachedTokens: 10,
      cachedInputTokens: 20,
      outputTokens: 30,
      audioOutputTokens: 10,
      reasoningTokens: 5,
      imageOutputTokens: 5,
    },
    { in: '0.00206', cached: '0.000042', out: '0.00109', total: '0.003192' },
  )
  check(
    'chat-1',
    { inputTokens: 10, audioInputTokens: 10, outputTokens: 1, videoOutputTokens: 1 },
    { in: '0.00002', out: '0.000008', total: '0.000028' },
  )
})

test('a write for an hour without a rate of its own costs twice the input, or the input where writes are not charged', () => {
  check('chat-1', { inputTokens: 10, cacheWrite1hTokens: 10 }, { write: '0.00004', total: '0.00004' })
  check('helper-1', { inputTokens: 10, cacheWrite1hTokens: 10 }, { write: '0.0001', total: '0.0001' })
})

test('nothing to bill is zero and priced, and names no version', () => {
  for (const usage of [null, {}, { inputTokens: 0, outputTokens: 0 }]) {
    check('chat-1', usage, {})
    check('no-such-model', usage, {})
    assert.equal(book().priceCall(call('no-such-model', usage)).cost.priceVersion, '')
  }
  check('chat-1', { inputTokens: 2000 }, {}, { endpoint: 'messages.count_tokens' })
})

test('tokens without a price cost zero and say so', () => {
  check('no-such-model', { inputTokens: 5, outputTokens: 5 }, { marks: ['unpriced'], unpriced: true })
  check(
    'embed-1',
    { inputTokens: 100, outputTokens: 1 },
    { in: '0.000002', total: '0.000002', marks: ['unpriced'], unpriced: true },
  )
  check('hear-1', {}, { marks: ['usage_missing', 'unpriced'], unpriced: true }, { endpoint: 'audio.transcriptions' })
})

test('searches, seconds and fees per request are other costs', () => {
  check(
    'chat-1',
    { inputTokens: 1, outputTokens: 0, webSearchRequests: 3 },
    { in: '0.000002', other: '0.03', total: '0.030002' },
  )
  check('hear-1', { durationSeconds: 12.5 }, { other: '0.00125', total: '0.00125' })
  check('hear-1', { durationSeconds: 4 }, { other: '0.001', total: '0.001' })
  check(
    'search-1',
    { inputTokens: 1, outputTokens: 1 },
    { in: '0.000001', out: '0.000001', other: '0.012', total: '0.012002' },
  )
  assert.deepEqual(book().priceCall(call('search-1', { inputTokens: 1 })).units, { request: 1 })
  check(
    'helper-1',
    { inputTokens: 1, webSearchRequests: 1 },
    { in: '0.00001', total: '0.00001', marks: ['unpriced_web_search', 'unpriced'], unpriced: true },
  )
  check('helper-1', { inputTokens: 1, webFetchRequests: 1 }, { in: '0.00001', total: '0.00001' })
})

test('the whole request moves to the next context tier above its threshold, each rate by its own', () => {
  check('long-1', { inputTokens: 1000, outputTokens: 10 }, { in: '0.001', out: '0.00003', total: '0.00103' })
  check('long-1', { inputTokens: 1001, outputTokens: 10 }, { in: '0.002002', out: '0.00003', total: '0.002032' })
  check('long-1', { inputTokens: 5001, outputTokens: 10 }, { in: '0.010002', out: '0.00004', total: '0.010042' })
  const version = (inputTokens: number) => book().priceCall(call('long-1', { inputTokens })).cost.priceVersion
  assert.equal(version(1000), 'sample@1 acme/long-1 from=always tier=standard')
  assert.equal(version(1001), 'sample@1 acme/long-1 from=always tier=standard context>1000')
})

test('the tier of the answer sets the price; one that is not known is booked as standard and marked', () => {
  const usage = { inputTokens: 1000, outputTokens: 0, webSearchRequests: 1 }
  check('chat-1', { ...usage, serviceTier: 'batch' }, { in: '0.001', other: '0.01', total: '0.011' })
  check('chat-1', usage, { in: '0.001', other: '0.01', total: '0.011' }, { serviceTier: 'flex' })
  check(
    'chat-1',
    { ...usage, serviceTier: 'priority' },
    { in: '0.002', other: '0.01', total: '0.012', marks: ['tier_not_priced'] },
  )
  check('chat-1', { ...usage, inferenceGeo: 'us' }, { in: '0.0022', other: '0.01', total: '0.0122' })
  check(
    'chat-1',
    { ...usage, inferenceGeo: 'constructor' },
    { in: '0.002', other: '0.01', total: '0.012', marks: ['geo_not_priced'] },
  )
  check('chat-1', { ...usage, inferenceGeo: 'global' }, { in: '0.002', other: '0.01', total: '0.012' })
})

test('every pass is priced by its own model and the totals are their sums', () => {
  const priced = book().priceCall(
    call('chat-1', {
      inputTokens: 300,
      outputTokens: 30,
      iterations: [
        { inputTokens: 100, outputTokens: 10, model: 'chat-1' },
        { inputTokens: 200, outputTokens: 20, model: 'helper-1' },
      ],
    }),
  )
  assert.deepEqual(shown(priced), { in: '0.0022', out: '0.00108', total: '0.00328' })
  assert.equal(priced.tokens.input, 300)
  assert.equal(
    priced.cost.priceVersion,
    'sample@1 acme/chat-1 from=always tier=standard; sample@1 acme/helper-1 from=always tier=standard',
  )
  check('chat-1', { iterations: [{ inputTokens: 1, model: 'no-such-model' }] }, { marks: ['unpriced'], unpriced: true })
})

test('pictures that a tool made are priced by the picture model', () => {
  check(
    'chat-1',
    {
      inputTokens: 100,
      outputTokens: 0,
      imageGeneration: { model: 'media-1', inputTokens: 0, outputTokens: 10, imageOutputTokens: 10 },
    },
    { in: '0.0002', out: '0.0003', total: '0.0005' },
  )
  check(
    'chat-1',
    { inputTokens: 100, imageGeneration: { outputTokens: 10 } },
    { in: '0.0002', total: '0.0002', marks: ['unpriced'], unpriced: true },
  )
})

test('a served name without a price is priced as the one that was asked for, and marked', () => {
  check(
    'chat-1-2031-01-01',
    { inputTokens: 1000 },
    { in: '0.002', total: '0.002', marks: ['priced_as_routed'] },
    { modelRouted: 'chat-1' },
  )
})

test('billed units are what is priced and counted tokens are what is shown', () => {
  const priced = book().priceCall(
    call('chat-1', { inputTokens: 624, outputTokens: 54, billedInputTokens: 100, billedOutputTokens: 50 }),
  )
  assert.deepEqual(shown(priced), { in: '0.0002', out: '0.0004', total: '0.0006' })
  assert.equal(priced.tokens.input, 624)
})

const rates = { input_per_mtok: '8.00', output_per_mtok: '8.00' } as const
const flat = { provider: 'up', model: 'chat-*', fromMs: 0, tier: 'standard', currency: 'USD', rates } as const

test('an override stands alone, for its upstream only', () => {
  const usage = { inputTokens: 100, cachedInputTokens: 100, outputTokens: 100 }
  const overrides = [flat]
  check('chat-1', usage, { cached: '0.0008', out: '0.0008', total: '0.0016' }, {}, { overrides })
  check(
    'chat-1',
    { inputTokens: 1, webSearchRequests: 1 },
    { in: '0.000008', total: '0.000008', marks: ['unpriced_web_search', 'unpriced'], unpriced: true },
    {},
    { overrides },
  )
  check('chat-1', { inputTokens: 100 }, { in: '0.0002', total: '0.0002' }, { upstream: 'other' }, { overrides })
  check('chat-9', { inputTokens: 100 }, { in: '0.0008', total: '0.0008' }, {}, { overrides })
  const version = book({ overrides }).priceCall(call('chat-9', usage)).cost.priceVersion
  assert.equal(version, 'override up/chat-* from=1970-01-01 tier=standard')
})

test('an exact name beats a glob, then the latest that has begun wins', () => {
  const line = (name: string, fromMs: number, input: string) => ({
    ...flat,
    model: name,
    fromMs,
    rates: { input_per_mtok: input },
  })
  const overrides = [
    line('chat-1', 10 * day, '3'),
    line('CHAT-1', 0, '1'),
    line('*', 90 * day, '9'),
    line('chat-*', 90 * day, '7'),
    line('chat-1', 200 * day, '5'),
  ]
  const priceOf = (name: string, atMs: number) =>
    shown(book({ overrides }).priceCall(call(name, { inputTokens: 1_000_000 }, { atMs })))['total']
  assert.equal(priceOf('chat-1', 10 * day - 1), '1')
  assert.equal(priceOf('chat-1', 10 * day), '3')
  assert.equal(priceOf('chat-1', 200 * day), '5')
  assert.equal(priceOf('chat-2', 100 * day), '7')
  assert.equal(priceOf('helper-1', 100 * day), '9')
  assert.equal(priceOf('helper-1', 89 * day), '10')
})

test('an override for the tier is used as it stands, one for standard is marked', () => {
  const overrides = [flat, { ...flat, tier: 'priority' as const, rates: { input_per_mtok: '20' } }]
  check('chat-1', { inputTokens: 100, serviceTier: 'priority' }, { in: '0.002', total: '0.002' }, {}, { overrides })
  check(
    'chat-1',
    { inputTokens: 100, serviceTier: 'batch' },
    { in: '0.0008', total: '0.0008', marks: ['tier_not_priced'] },
    {},
    { overrides },
  )
})

test('a discount is off the list from its date on and does not touch overrides', () => {
  const discounts = [
    { sinceMs: 150 * day, percent: '30' },
    { sinceMs: 50 * day, percent: '12.5' },
  ]
  const upstreams = [{ name: 'up', kind: 'openai', baseUrl: null, billing: { currency: 'USD', discounts } }]
  const usage = { inputTokens: 1000, webSearchRequests: 1 }
  check('chat-1', usage, { in: '0.002', other: '0.01', total: '0.012' }, { atMs: 49 * day }, { upstreams })
  check('chat-1', usage, { in: '0.00175', other: '0.00875', total: '0.0105' }, { atMs: 50 * day }, { upstreams })
  check('chat-1', usage, { in: '0.0014', other: '0.007', total: '0.0084' }, { atMs: 150 * day }, { upstreams })
  check(
    'chat-1',
    { inputTokens: 100 },
    { in: '0.0008', total: '0.0008' },
    { atMs: 150 * day },
    { upstreams, overrides: [flat] },
  )
})

test('a bill in another currency is kept and converted at the dated rate', () => {
  const exchangeRates = [
    { from: 'CNY', to: 'USD', rate: '1', sinceMs: 0 },
    { from: 'CNY', to: 'USD', rate: '0.14', sinceMs: 150 * day },
  ]
  const overrides = [{ ...flat, currency: 'CNY' }]
  const at = (atMs: number) =>
    book({ exchangeRates, overrides }).priceCall(call('chat-1', { inputTokens: 1_000_000 }, { atMs })).cost
  assert.equal(formatUsd(at(100 * day).totalPicoUsd), '8.000000000000')
  assert.equal(formatUsd(at(150 * day).totalPicoUsd), '1.120000000000')
  assert.equal(at(150 * day).billingPicoAmount, 8_000_000_000_000n)
  assert.equal(at(150 * day).billingCurrency, 'CNY')
  assert.match(at(150 * day).priceVersion, / CNY\/USD=0\.14$/)
  const list = book({ exchangeRates }).priceCall(
    call('chat-1', { inputTokens: 1_000_000 }, { upstream: 'cn', atMs: 150 * day }),
  ).cost
  assert.equal(formatUsd(list.totalPicoUsd), '2.000000000000')
  assert.equal(list.billingPicoAmount, 14_285_714_285_714n)
})

test('without an exchange rate nothing is booked, and the record says why', () => {
  check(
    'chat-1',
    { inputTokens: 100 },
    { marks: ['exchange_rate_missing', 'unpriced'], unpriced: true },
    { upstream: 'cn' },
  )
  assert.equal(book().known({ upstream: 'cn', vendor: 'acme', model: 'chat-1', atMs: 0 }), false)
})

test('what the provider states is kept beside ours, or booked in proportion to our parts', () => {
  const usage = { inputTokens: 1000, outputTokens: 1000, providerCostUsd: '0.00500000000000333' }
  check('chat-1', usage, { in: '0.002', out: '0.008', total: '0.01' })
  assert.equal(book().priceCall(call('chat-1', usage)).cost.providerStatedPicoUsd, 5_000_000_000n)
  check('chat-1', usage, { in: '0.001', out: '0.004', total: '0.005' }, {}, { costSource: 'provider' })
  check('no-such-model', usage, { other: '0.005', total: '0.005', marks: ['unpriced'] }, {}, { costSource: 'provider' })
  check(
    'chat-1',
    { inputTokens: 1000, providerCostUsd: 'free' },
    { in: '0.002', total: '0.002', marks: ['provider_cost_invalid'] },
    {},
    { costSource: 'provider' },
  )
})

test('a relay that states only its fee does not set the price', () => {
  const usage = { inputTokens: 1000, providerCostUsd: '0.0001', providerCostIsFee: true }
  check(
    'chat-1',
    usage,
    { in: '0.002', total: '0.002', marks: ['provider_cost_is_fee'] },
    {},
    { costSource: 'provider' },
  )
  check(
    'chat-1',
    { ...usage, upstreamCostUsd: '0.003' },
    { in: '0.0031', total: '0.0031' },
    {},
    { costSource: 'provider' },
  )
})

test('a model is known where it has a price at that upstream', () => {
  const known = (upstream: string, name: string) =>
    book({ overrides: [{ ...flat, model: 'own-*' }] }).known({ upstream, vendor: 'acme', model: name, atMs: 0 })
  assert.equal(known('up', 'chat-1'), true)
  assert.equal(known('up', 'own-model'), true)
  assert.equal(known('other', 'own-model'), false)
  assert.equal(known('up', 'no-such-model'), false)
})
