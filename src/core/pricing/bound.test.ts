import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from '#core/money/decimal.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { ratio } from '#core/money/ratio.ts'
import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import { globMatcher } from '#lib/glob.ts'
import { always, card, model, sampleCatalog } from '#test/pricing/sample-catalog.ts'
import { affordableOutputTokens, type BoundedCost, type CallBounds, type CostBound, costWithOutput } from './bound.ts'
import type { CatalogModel } from './catalog.ts'
import { makePriceBook, type PriceBook, type PriceBookOptions } from './price-book.ts'
import type { ListRate, RateCard, RateName } from './rate-card.ts'

function bookOf(models: readonly CatalogModel[], options: Partial<PriceBookOptions> = {}): PriceBook {
  return makePriceBook({
    matcher: globMatcher,
    catalog: sampleCatalog(models),
    overrides: [],
    upstreams: [],
    exchangeRates: [],
    costSource: 'computed',
    ...options,
  })
}

const plain: CallBounds = {
  upstream: 'up',
  vendor: 'acme',
  modelRouted: 'm',
  endpoint: 'chat.completions',
  atMs: 0,
  inputTokens: 1_000,
  outputTokens: 500,
  mediaInput: false,
  cacheWrites: 'none',
  units: {},
  tiers: [],
  geos: [],
}

function bounded(bound: CostBound): BoundedCost {
  if (bound.kind !== 'bounded') assert.fail(JSON.stringify(bound))
  return bound
}

function costOf(book: PriceBook, usage: ReportedUsage, served = 'm'): bigint {
  const call = { upstream: 'up', vendor: 'acme', modelServed: served, modelRouted: 'm', endpoint: 'chat.completions' }
  return book.priceCall({ ...call, atMs: 0, usage, usageSource: 'provider' }).cost.totalPicoUsd
}

const simple = [model('m', always(card({ input: '2', cached: '0.5', output: '8' })))]

test('the bound of a plain call is what it costs with all of its tokens', () => {
  const bound = bounded(bookOf(simple).boundCall(plain))
  assert.equal(bound.picoUsd, 1_000n * 2_000_000n + 500n * 8_000_000n)
  assert.equal(bound.fixedPicoUsd, 1_000n * 2_000_000n)
  assert.equal(bound.picoUsd, costOf(bookOf(simple), { inputTokens: 1_000, outputTokens: 500 }))
  assert.equal(costWithOutput(bound, 500), bound.picoUsd)
})

test('what makes a call dearer is in the bound where it may occur, and only there', () => {
  const rates = { input: '1', cache_write: '1.25', input_audio: '10', output: '4', reasoning: '6', web_search: '10000' }
  const factor = { priority: ratio(3n, 2n) }
  const book = bookOf([
    model('m', always(card(rates)), { tierFactors: factor, geoFactors: new Map([['us', ratio(11n, 10n)]]) }),
    model('m-2', always(card({ input: '3', output: '1' }))),
  ])
  const bound = (more: Partial<CallBounds>) =>
    bounded(book.boundCall({ ...plain, inputTokens: 1_000_000, outputTokens: 0, ...more })).picoUsd
  const usd = (amount: number) => BigInt(amount * 1_000) * 10n ** 9n
  assert.equal(bound({}), usd(1))
  assert.equal(bound({ cacheWrites: 'short' }), usd(1.25))
  assert.equal(bound({ cacheWrites: 'any' }), usd(2))
  assert.equal(bound({ mediaInput: true }), usd(10))
  assert.equal(bound({ outputTokens: 1_000_000 }), usd(7))
  assert.equal(bound({ units: { web_search: 3 } }), usd(1.03))
  const priority = { serviceTier: 'priority', trafficType: undefined, speed: undefined }
  assert.equal(bound({ tiers: [priority] }), usd(1.5))
  assert.equal(bound({ geos: ['us'] }), usd(1.1))
  assert.equal(bound({ modelsServed: ['m-2'] }), usd(3))
})

test('context tiers count from the input that reaches them', () => {
  const input = { amount: parseDecimal('1'), per: 1_000_000, above: [{ overTokens: 100, amount: parseDecimal('2') }] }
  const book = bookOf([model('m', always({ input, output: { amount: parseDecimal('4'), per: 1_000_000 } }))])
  const bound = (inputTokens: number) => bounded(book.boundCall({ ...plain, inputTokens, outputTokens: 0 })).picoUsd
  assert.equal(bound(100), 100_000_000n)
  assert.equal(bound(101), 202_000_000n)
})

test('a fee for each request, and the least that is billed of a unit, are in the bound', () => {
  const seconds = { amount: parseDecimal('3.6'), per: 3_600 }
  const fee = { amount: parseDecimal('0.01'), per: 1 }
  const book = bookOf([
    model('m', always({ audio_second: seconds, request: fee }), { minimumUnits: { audio_second: 10 } }),
  ])
  const bound = bounded(book.boundCall({ ...plain, units: { audio_second: 2 } }))
  const cost = costOf(book, { durationSeconds: 1.5 })
  assert.equal(cost, 10n ** 10n + 10n ** 10n)
  assert.ok(bound.picoUsd >= cost && bound.picoUsd - cost < 10_000n)
})

test('what nobody bounds is said, unless it costs nothing', () => {
  const book = bookOf([model('m', always(card({ input: '1', output: '4', web_search: '1' }))), model('n', [])])
  const reason = (more: Partial<CallBounds>, from = book) => {
    const bound = from.boundCall({ ...plain, ...more })
    return bound.kind === 'unbounded' ? bound.reason : bound.kind
  }
  assert.equal(reason({ inputTokens: null }), 'input_tokens')
  assert.equal(reason({ outputTokens: null }), 'output_tokens')
  assert.equal(reason({ units: { web_search: null } }), 'web_search')
  assert.equal(reason({ units: { web_search: 0, web_fetch: null, code_execution: null } }), 'bounded')
  assert.equal(reason({ modelRouted: 'unknown' }), 'unpriced')
  assert.equal(reason({}, bookOf(simple, { costSource: 'provider' })), 'stated_cost')
  const gratis = bookOf([model('m', always(card({ input: '0', output: '0' })))])
  assert.equal(reason({ inputTokens: null, outputTokens: null }, gratis), 'bounded')
  assert.equal(bounded(book.boundCall({ ...plain, endpoint: 'models', inputTokens: null })).picoUsd, 0n)
})

const rateText = fc
  .tuple(fc.nat(200), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
  .map(([whole, fraction]) => `${whole}.${fraction.toString().padStart(12, '0')}`)
const names = fc.subarray<RateName>([
  ...(['input', 'input_text', 'input_audio', 'input_image', 'cached', 'cached_audio', 'cache_write'] as const),
  ...(['cache_write_1h', 'output', 'output_audio', 'output_image', 'reasoning', 'web_search', 'request'] as const),
])
/** Any rates at all, each with up to two context tiers, cheaper ones too. */
const anyCard: fc.Arbitrary<RateCard> = fc
  .tuple(
    names,
    fc.array(fc.tuple(rateText, fc.array(fc.tuple(fc.nat(3_000), rateText), { maxLength: 2 })), {
      minLength: 14,
      maxLength: 14,
    }),
  )
  .map(([chosen, texts]) => {
    const made: Partial<Record<RateName, ListRate>> = {}
    for (const [index, name] of chosen.entries()) {
      const [amount, steps] = texts[index] ?? ['1', []]
      const above = steps
        .map(([overTokens, text]) => ({ overTokens, amount: parseDecimal(text) }))
        .sort((a, b) => a.overTokens - b.overTokens)
      made[name] = { amount: parseDecimal(amount), per: 1_000_000, above }
    }
    return made
  })

const few = fc.nat(1_500)
const anyPass = fc.record({
  inputTokens: few,
  cachedInputTokens: few,
  cacheWrite5mTokens: few,
  cacheWrite1hTokens: few,
  outputTokens: few,
  reasoningTokens: few,
  audioInputTokens: few,
  imageInputTokens: few,
  audioCachedTokens: few,
  audioOutputTokens: few,
  imageOutputTokens: few,
  outputTokensLeftOut: fc.nat(20),
})
const anyTier = fc.constantFrom(undefined, 'priority', 'flex', 'batch', 'scale')
const percent = fc.nat(10_000).map((n) => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}`)
const market = fc.record({ percent, rate: rateText.map((text) => `1${text}`), currency: fc.constantFrom('USD', 'CNY') })

function sum(passes: readonly ReportedPass[], of: (pass: ReportedPass) => number): number {
  return passes.reduce((total, pass) => total + of(pass), 0)
}

test('no usage within the bounds costs more than the bound, whatever the prices are', () => {
  const extras = fc.record({
    tier: anyTier,
    geo: fc.constantFrom(undefined, 'us'),
    searches: fc.nat(5),
    spare: fc.nat(3),
  })
  fc.assert(
    fc.property(
      anyCard,
      fc.array(anyPass, { minLength: 1, maxLength: 3 }),
      extras,
      market,
      (rates, passes, { tier, geo, searches, spare }, { percent: off, rate, currency }) => {
        const book = bookOf(
          [
            model('m', always(rates), {
              tierFactors: { priority: ratio(20n, 11n), flex: ratio(1n, 2n) },
              geoFactors: new Map([['us', ratio(11n, 10n)]]),
            }),
          ],
          {
            upstreams: [
              {
                name: 'up',
                kind: 'x',
                baseUrl: null,
                billing: { currency, discounts: [{ sinceMs: 0, percent: off }] },
              },
            ],
            exchangeRates: [{ from: 'CNY', to: 'USD', rate, sinceMs: 0 }],
          },
        )
        const [only] = passes
        const usage: ReportedUsage = {
          ...(passes.length === 1 && only !== undefined ? only : { iterations: passes }),
          webSearchRequests: searches,
          ...(tier === undefined ? {} : { serviceTier: tier }),
          ...(geo === undefined ? {} : { inferenceGeo: geo }),
        }
        const bound = book.boundCall({
          ...plain,
          inputTokens: sum(passes, (pass) => pass.inputTokens ?? 0) + spare,
          outputTokens: sum(passes, (pass) => (pass.outputTokens ?? 0) + (pass.outputTokensLeftOut ?? 0)) + spare,
          mediaInput: true,
          cacheWrites: 'any',
          units: { web_search: searches + spare },
          tiers: tier === undefined ? [] : [{ serviceTier: tier, trafficType: undefined, speed: undefined }],
          geos: geo === undefined ? [] : [geo],
        })
        assert.ok(bounded(bound).picoUsd >= costOf(book, usage))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('the same holds of text alone, where media and writes are left out of the bound', () => {
  fc.assert(
    fc.property(anyCard, fc.record({ input: few, cached: few, output: few, reasoning: few }), (rates, counts) => {
      const book = bookOf([model('m', always(rates))])
      const { input, cached, output, reasoning } = counts
      const used = { inputTokens: input, cachedInputTokens: cached, outputTokens: output, reasoningTokens: reasoning }
      const bound = book.boundCall({ ...plain, inputTokens: input, outputTokens: output })
      assert.ok(bounded(bound).picoUsd >= costOf(book, used))
    }),
    { numRuns: 500 },
  )
})

test('models that answer after one another are bounded together, each by its own prices', () => {
  const used = fc.record({ input: few, output: few })
  fc.assert(
    fc.property(anyCard, anyCard, fc.array(used, { minLength: 2, maxLength: 3 }), (asked, other, uses) => {
      const book = bookOf([model('m', always(asked)), model('m-2', always(other))])
      const named = uses.map((use, index) => ({ ...use, model: index === 0 ? 'm' : 'm-2' }))
      const [first, ...rest] = named.map(({ input, output, model: modelRouted }) => {
        return { ...plain, modelRouted, inputTokens: input, outputTokens: output }
      })
      assert.ok(first !== undefined)
      const bound = bounded(book.boundCall({ ...first, after: rest }))
      const iterations = named.map((use) => ({ inputTokens: use.input, outputTokens: use.output, model: use.model }))
      assert.ok(bound.picoUsd >= costOf(book, { iterations }, 'm-2'))
      // No limit of output that is set for the first one makes the others cheaper.
      assert.equal(bound.picoUsd, costWithOutput(bound, first.outputTokens))
      assert.ok(bound.fixedPicoUsd >= costOf(book, { iterations: iterations.slice(1) }, 'm-2'))
    }),
    { numRuns: 500 },
  )
})

test('of models after one another the one without a price costs what the asked one does, and none unbounds another', () => {
  const book = bookOf([model('m', always(card({ input: '1', output: '4' }))), model('n', always(card({ input: '3' })))])
  const of = (modelRouted: string, ...after: string[]) =>
    book.boundCall({ ...plain, modelRouted, after: after.map((name) => ({ ...plain, modelRouted: name })) })
  const [asked, other] = [bounded(of('m')).picoUsd, bounded(of('n')).picoUsd]
  assert.equal(bounded(of('m', 'n')).picoUsd, asked + other)
  assert.equal(bounded(of('m', 'nobody-knows')).picoUsd, 2n * asked)
  assert.equal(bounded(of('nobody-knows', 'n')).picoUsd, other)
  assert.equal(of('nobody-knows', 'nor-this').kind, 'unpriced')
  const open = { ...plain, modelRouted: 'n', inputTokens: null }
  assert.deepEqual(book.boundCall({ ...plain, after: [open] }), { kind: 'unbounded', reason: 'input_tokens' })
  const stated = bookOf([model('m', always(card({ input: '1' })))], { costSource: 'provider' })
  assert.equal(stated.boundCall({ ...plain, after: [plain], byList: true }).kind, 'bounded')
})

test('the output that is affordable fits, and one token more does not', () => {
  const amounts = fc.bigInt({ min: 0n, max: 10n ** 13n })
  fc.assert(
    fc.property(anyCard, amounts, fc.nat(2_000), (rates, amount, input) => {
      const bound = bounded(bookOf([model('m', always(rates))]).boundCall({ ...plain, inputTokens: input }))
      const tokens = affordableOutputTokens(bound, picoUsd(amount), 1_000_000)
      if (tokens === null) return assert.ok(bound.fixedPicoUsd > amount)
      assert.ok(costWithOutput(bound, tokens) <= amount)
      if (tokens < 1_000_000) assert.ok(costWithOutput(bound, tokens + 1) > amount)
    }),
    { numRuns: 500 },
  )
})
