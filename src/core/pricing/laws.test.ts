import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from '#core/money/decimal.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { ratio } from '#core/money/ratio.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { globMatcher } from '#lib/glob.ts'
import { always, card, model, sampleCatalog } from '#test/pricing/sample-catalog.ts'
import type { CatalogModel } from './catalog.ts'
import type { Cost } from './cost.ts'
import { makePriceBook, type PriceBookOptions } from './price-book.ts'
import { bookStated } from './stated-cost.ts'

/** Prices of up to 12 decimals per million tokens, as text. */
const rateText = fc
  .tuple(fc.nat(1000), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
  .map(([whole, fraction]) => `${whole}.${fraction.toString().padStart(12, '0')}`)
/** Prices of up to 6 decimals per million tokens: a token costs a whole number of 1e-12. */
const coarseRateText = fc
  .tuple(fc.nat(1000), fc.nat(999_999))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(6, '0')}`)

const rates = (text: fc.Arbitrary<string>) =>
  fc.record({ input: text, cached: text, cache_write: text, cache_write_1h: text, output: text, reasoning: text })

const tokens = fc.oneof(
  fc.nat(100),
  fc.nat(2_000_000),
  fc.maxSafeNat().map((n) => Math.floor(n / 8)),
)
/** Disjoint counts, so that the report has no contradictions. */
const parts = fc.record({ fresh: tokens, cached: tokens, w5: tokens, w1: tokens, text: tokens, reasoning: tokens })
type Parts = { fresh: number; cached: number; w5: number; w1: number; text: number; reasoning: number }

function usageOf(p: Parts): ReportedUsage {
  return {
    inputTokens: p.fresh + p.cached + p.w5 + p.w1,
    cachedInputTokens: p.cached,
    cacheWrite5mTokens: p.w5,
    cacheWrite1hTokens: p.w1,
    outputTokens: p.text + p.reasoning,
    reasoningTokens: p.reasoning,
  }
}

function costOf(models: readonly CatalogModel[], usage: ReportedUsage, options: Partial<PriceBookOptions> = {}): Cost {
  const book = makePriceBook({
    matcher: globMatcher,
    catalog: sampleCatalog(models),
    overrides: [],
    upstreams: [],
    exchangeRates: [],
    costSource: 'computed',
    ...options,
  })
  return book.priceCall({
    upstream: 'up',
    vendor: 'acme',
    modelServed: 'm',
    modelRouted: 'm',
    endpoint: 'chat.completions',
    atMs: 0,
    usage,
    usageSource: 'provider',
  }).cost
}

function sumOfParts(cost: Cost): bigint {
  return cost.inputPicoUsd + cost.cachedInputPicoUsd + cost.cacheWritePicoUsd + cost.outputPicoUsd + cost.otherPicoUsd
}

test('the parts add up to the total exactly, and a bill in USD is the total', () => {
  fc.assert(
    fc.property(rates(rateText), parts, (r, p) => {
      const cost = costOf([model('m', always(card(r)))], usageOf(p))
      assert.equal(sumOfParts(cost), cost.totalPicoUsd)
      assert.equal(cost.billingPicoAmount, cost.totalPicoUsd)
    }),
  )
})

test('costs of coarse rates are exactly additive in the counts', () => {
  fc.assert(
    fc.property(rates(coarseRateText), parts, parts, (r, a, b) => {
      const models = [model('m', always(card(r)))]
      const whole: Parts = { fresh: 0, cached: 0, w5: 0, w1: 0, text: 0, reasoning: 0 }
      for (const key of Object.keys(whole) as (keyof Parts)[])
        whole[key] = Math.floor(a[key] / 2) + Math.floor(b[key] / 2)
      const halves = [a, b].map((p) => ({
        fresh: Math.floor(p.fresh / 2),
        cached: Math.floor(p.cached / 2),
        w5: Math.floor(p.w5 / 2),
        w1: Math.floor(p.w1 / 2),
        text: Math.floor(p.text / 2),
        reasoning: Math.floor(p.reasoning / 2),
      }))
      const sum = halves.reduce((total, p) => total + costOf(models, usageOf(p)).totalPicoUsd, 0n)
      assert.equal(costOf(models, usageOf(whole)).totalPicoUsd, sum)
    }),
  )
})

test('more tokens of any kind never cost less', () => {
  const kinds = fc.constantFrom('fresh', 'cached', 'w5', 'w1', 'text', 'reasoning')
  fc.assert(
    fc.property(rates(rateText), parts, kinds, fc.nat(1000), (r, p, kind, more) => {
      const models = [model('m', always(card(r)))]
      const less = costOf(models, usageOf(p)).totalPicoUsd
      assert.ok(costOf(models, usageOf({ ...p, [kind]: p[kind] + more })).totalPicoUsd >= less)
    }),
  )
})

/** The naive model: every amount as one fraction over a common power of ten, rounded once at the end. */
function naivePico(count: number, factors: readonly string[], divisors: readonly string[]): bigint {
  let num = BigInt(count) * 10n ** 12n
  let den = 1_000_000n
  for (const text of factors) {
    const [whole = '0', fraction = ''] = text.split('.')
    num *= BigInt(whole + fraction)
    den *= 10n ** BigInt(fraction.length)
  }
  for (const text of divisors) {
    const [whole = '0', fraction = ''] = text.split('.')
    den *= BigInt(whole + fraction)
    num *= 10n ** BigInt(fraction.length)
  }
  const floor = num / den
  const twice = 2n * (num - floor * den)
  return twice > den || (twice === den && floor % 2n === 1n) ? floor + 1n : floor
}

test('discount and exchange agree with a naive model of fractions to the last digit', () => {
  const percent = fc.nat(10_000).map((n) => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}`)
  const positive = rateText.map((text) => `1${text}`)
  fc.assert(
    fc.property(rates(rateText), parts, percent, positive, (r, p, off, rate) => {
      const hundredths = 10_000n - BigInt(off.replace('.', ''))
      const left = `0.${hundredths.toString().padStart(4, '0')}`.replace('0.10000', '1.0000')
      const billing = { currency: 'CNY', discounts: [{ sinceMs: 0, percent: off }] }
      const cost = costOf([model('m', always(card(r)))], usageOf(p), {
        upstreams: [{ name: 'up', kind: 'openai', baseUrl: null, billing }],
        exchangeRates: [{ from: 'CNY', to: 'USD', rate, sinceMs: 0 }],
      })
      const counted = [
        [p.fresh, r.input],
        [p.cached, r.cached],
        [p.w5, r.cache_write],
        [p.w1, r.cache_write_1h],
        [p.text, r.output],
        [p.reasoning, r.reasoning],
      ] as const
      const usd = counted.map(([count, text]) => naivePico(count, [text, left], []))
      const cny = counted.map(([count, text]) => naivePico(count, [text, left], [rate]))
      const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
      assert.equal(cost.totalPicoUsd, sum(usd))
      assert.equal(cost.inputPicoUsd, usd[0])
      assert.equal(cost.billingPicoAmount, sum(cny))
    }),
  )
})

test('context tiers switch for the whole request one token above their threshold', () => {
  const steps = fc.uniqueArray(fc.record({ over: fc.integer({ min: 1, max: 1_000_000 }), price: coarseRateText }), {
    minLength: 1,
    maxLength: 4,
    selector: (step) => step.over,
  })
  fc.assert(
    fc.property(coarseRateText, steps, fc.nat(1_100_000), (base, unsorted, anywhere) => {
      const sorted = unsorted.toSorted((a, b) => a.over - b.over)
      const above = sorted.map((step) => ({ overTokens: step.over, amount: parseDecimal(step.price) }))
      const input = { amount: parseDecimal(base), per: 1_000_000, above }
      for (const count of [anywhere, ...sorted.flatMap((step) => [step.over, step.over + 1])]) {
        const price = sorted.findLast((step) => count > step.over)?.price ?? base
        const cost = costOf([model('m', always({ input }))], { inputTokens: count })
        assert.equal(cost.totalPicoUsd, naivePico(count, [price], []))
      }
    }),
  )
})

test('a stated cost is shared out without a rest', () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 20n })
  fc.assert(
    fc.property(fc.array(amount, { minLength: 5, maxLength: 5 }), amount, (amounts, stated) => {
      const [i = 0n, c = 0n, w = 0n, o = 0n, x = 0n] = amounts
      const computed: Cost = {
        ...costOf([], {}),
        inputPicoUsd: picoUsd(i),
        cachedInputPicoUsd: picoUsd(c),
        cacheWritePicoUsd: picoUsd(w),
        outputPicoUsd: picoUsd(o),
        otherPicoUsd: picoUsd(x),
        totalPicoUsd: picoUsd(i + c + w + o + x),
      }
      const booked = bookStated(computed, picoUsd(stated))
      assert.equal(booked.totalPicoUsd, stated)
      assert.equal(sumOfParts(booked), stated)
      for (const part of [booked.inputPicoUsd, booked.outputPicoUsd, booked.otherPicoUsd]) assert.ok(part >= 0n)
      if (stated === computed.totalPicoUsd) assert.equal(booked.inputPicoUsd, computed.totalPicoUsd === 0n ? 0n : i)
    }),
  )
})

test('no amount ever passes a float', () => {
  const most = Number.MAX_SAFE_INTEGER
  const models = [model('m', always(card({ input: '123.456789012345', output: '0.000000000001' })))]
  const cost = costOf(models, { inputTokens: most, outputTokens: most })
  assert.equal(cost.inputPicoUsd, naivePico(most, ['123.456789012345'], []))
  assert.equal(cost.inputPicoUsd, 1_111_999_897_984_709_650_337_677n)
  assert.equal(cost.outputPicoUsd, 9_007_199_255n)
})

test('whatever a report says, the price book answers and its parts add up', () => {
  const anyNumber = fc.oneof(fc.nat(1000), fc.double(), fc.integer(), fc.maxSafeNat())
  const word = fc.oneof(fc.constantFrom('constructor', '__proto__', 'm', '', 'batch'), fc.string())
  const anyUsage = fc.record(
    {
      inputTokens: anyNumber,
      cachedInputTokens: anyNumber,
      cacheWriteTokens: anyNumber,
      outputTokens: anyNumber,
      reasoningTokens: anyNumber,
      imageInputTokens: anyNumber,
      webSearchRequests: anyNumber,
      durationSeconds: anyNumber,
      billedInputTokens: anyNumber,
      providerCostUsd: fc.oneof(word, anyNumber.map(String)),
      serviceTier: word,
      inferenceGeo: word,
      iterations: fc.array(fc.record({ inputTokens: anyNumber, model: word }, { requiredKeys: [] }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  const geoFactors = new Map([['us', ratio(11n, 10n)]])
  const book = makePriceBook({
    matcher: globMatcher,
    catalog: sampleCatalog([model('m', always(card({ input: '1.5', output: '2' })), { geoFactors })]),
    overrides: [],
    upstreams: [],
    exchangeRates: [],
    costSource: 'provider',
  })
  fc.assert(
    fc.property(anyUsage, word, word, (usage, served, routed) => {
      const names = { upstream: served, vendor: routed, modelServed: served, modelRouted: routed, endpoint: 'images' }
      const { cost, tokens } = book.priceCall({ ...names, atMs: 0, usage, usageSource: 'provider' })
      assert.equal(sumOfParts(cost), cost.totalPicoUsd)
      assert.ok(cost.totalPicoUsd >= 0n)
      for (const count of Object.values(tokens)) assert.ok(Number.isInteger(count) && count >= 0)
    }),
    { numRuns: 1000 },
  )
})
