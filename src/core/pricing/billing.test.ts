import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoneyFault } from '#core/money/fault.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { book, call, check, day, models, shown } from '#test/pricing/sample-book.ts'
import { sampleCatalog } from '#test/pricing/sample-catalog.ts'
import type { Catalog } from './catalog.ts'
import type { PriceOverride } from './overrides.ts'

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
  assert.equal(version, 'override up/chat-* from=1970-01-01 tier=standard input_per_mtok=8.00 output_per_mtok=8.00')
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

test('of globs that began together the one that says more wins, then the later line', () => {
  const line = (name: string, input: string) => ({ ...flat, model: name, rates: { input_per_mtok: input } })
  const priceWith = (...overrides: ReturnType<typeof line>[]) =>
    shown(book({ overrides }).priceCall(call('chat-1', { inputTokens: 1_000_000 })))['total']
  const [any, said, both] = [line('*', '9'), line('chat-*', '7'), line('*-chat', '5')]
  assert.equal(priceWith(any, said), '7')
  assert.equal(priceWith(said, any), '7')
  assert.equal(priceWith(said, line('chat-?', '6')), '6')
  assert.equal(priceWith(line('chat-?', '6'), said), '7')
  assert.equal(priceWith(both, any), '9')
})

test('of an answer by another name, the line for that name counts, then the one for the name that was asked for', () => {
  const line = (name: string, input: string) => ({ ...flat, model: name, rates: { input_per_mtok: input } })
  const [asked, served, any] = [line('chat-1', '3'), line('helper-1', '5'), line('*', '7')]
  const own: Catalog = { ...sampleCatalog(models), vendorOfUpstream: () => 'acme' }
  const checkServed = (catalog: Catalog, overrides: readonly PriceOverride[], modelServed: string, expected: object) =>
    check(modelServed, { inputTokens: 1_000_000 }, { ...expected }, { modelRouted: 'chat-1' }, { catalog, overrides })
  const relay = sampleCatalog(models)
  checkServed(relay, [asked, served, any], 'helper-1', { in: '5', total: '5' })
  checkServed(relay, [asked, any], 'helper-1', { in: '3', total: '3', marks: ['priced_as_routed'] })
  checkServed(relay, [asked, any], 'no-such-model', { in: '3', total: '3' })
  // A vendor bills the model of its own list that it says has answered.
  checkServed(own, [asked, served, any], 'helper-1', { in: '5', total: '5' })
  checkServed(own, [asked, any], 'helper-1', { in: '7', total: '7' })
  checkServed(own, [asked], 'helper-1', { in: '10', total: '10' })
  checkServed(own, [asked], 'no-such-model', { in: '3', total: '3' })
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

test('a discount is no more than the whole price, which leaves nothing', () => {
  const withDiscount = (percent: string) => {
    const billing = { currency: 'USD', discounts: [{ sinceMs: 0, percent }] }
    return book({ upstreams: [{ name: 'up', kind: 'openai', baseUrl: null, billing }] })
  }
  assert.deepEqual(shown(withDiscount('100').priceCall(call('chat-1', { inputTokens: 1000 }))), {})
  assert.throws(() => withDiscount('100.0001'), MoneyFault)
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
  assert.equal(known('up', 'blank-1'), false)
})
