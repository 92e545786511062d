import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from '#core/money/decimal.ts'
import { one, ratio } from '#core/money/ratio.ts'
import { type DisjointCounts, nothing } from '#core/usage/counts.ts'
import { makePrice, type PriceBand } from './price.ts'
import { type CostPart, tokenPricing } from './rate-card.ts'
import { Tally } from './tally.ts'

const terms = {
  tokenFactor: one,
  listToBilling: ratio(4n, 5n),
  billingToUsd: one,
  billingCurrency: 'USD',
  version: 'v1',
  minimumUnits: {},
}

const own = [
  ...['input_text', 'input_audio', 'input_image', 'input_video'],
  ...['cached_text', 'cached_audio', 'cached_image', 'cached_video'],
  ...['cache_write_5m', 'cache_write_1h'],
  ...['output_text', 'reasoning', 'output_audio', 'output_image', 'output_video'],
] as const

const counts = fc.record(
  Object.fromEntries(tokenPricing.map(({ kind }) => [kind, fc.oneof(fc.constant(0), fc.nat(3_000_000))])),
  { noNullPrototype: true },
) as unknown as fc.Arbitrary<DisjointCounts>

/** Kinds in the order of `own`; undefined = the list has no rate of its own for the kind. */
const rates = fc.array(fc.option(fc.nat(9_999_999), { nil: undefined }), {
  minLength: own.length,
  maxLength: own.length,
})

function priceOf(perMillion: readonly (number | undefined)[]) {
  const card = own.flatMap((name, index) => {
    const rate = perMillion[index]
    return rate === undefined ? [] : [[name, { amount: parseDecimal(`${rate}e-4`), per: 1_000_000 }] as const]
  })
  const price = makePrice(Object.fromEntries(card), terms)
  const [band] = price.bands
  assert.ok(band !== undefined)
  return { price, band }
}

/** By looking every kind up in the list of lines. */
function naively(band: PriceBand, used: DisjointCounts) {
  const parts: Record<CostPart, bigint> = { input: 0n, cachedInput: 0n, cacheWrite: 0n, output: 0n, other: 0n }
  let unpriced = false
  for (const { kind } of tokenPricing) {
    const line = band.tokens.find((candidate) => candidate.kind === kind)
    if (used[kind] === 0) continue
    if (line === undefined) unpriced = true
    else parts[line.part] += (BigInt(used[kind]) * line.usd.num) / line.usd.den
  }
  return { parts, unpriced }
}

test('every kind of token is added by its own rate to its own part, or makes the call unpriced', () => {
  fc.assert(
    fc.property(rates, counts, (perMillion, used) => {
      const { price, band } = priceOf(perMillion)
      const tally = new Tally()
      tally.addTokens(price, band, used)
      const cost = tally.cost('EUR', null)
      const { parts, unpriced } = naively(band, used)
      assert.equal(cost.unpriced, unpriced)
      assert.deepEqual(
        [cost.inputPicoUsd, cost.cachedInputPicoUsd, cost.cacheWritePicoUsd, cost.outputPicoUsd, cost.otherPicoUsd],
        Object.values(parts),
      )
    }),
    { numRuns: 500 },
  )
})

test('one token of each kind alone is never lost', () => {
  const all = priceOf(own.map(() => 1_000_000))
  const none = priceOf([])
  for (const { kind } of tokenPricing) {
    const priced = new Tally()
    priced.addTokens(all.price, all.band, { ...nothing, [kind]: 1 })
    assert.equal(priced.cost('USD', null).totalPicoUsd, 80_000_000n, kind)
    const unpriced = new Tally()
    unpriced.addTokens(none.price, none.band, { ...nothing, [kind]: 1 })
    assert.equal(unpriced.unpriced, true, kind)
  }
})

test('a bill is in the currency of its prices, and in USD where they have several', () => {
  const priceIn = (billingCurrency: string) => {
    const euros = { ...terms, billingCurrency, billingToUsd: ratio(5n, 4n), version: billingCurrency }
    const price = makePrice({ input_text: { amount: parseDecimal('1'), per: 1_000_000 } }, euros)
    const [band] = price.bands
    assert.ok(band !== undefined)
    return { price, band }
  }
  const billed = (...currencies: readonly string[]) => {
    const tally = new Tally()
    for (const { price, band } of currencies.map(priceIn)) tally.addTokens(price, band, { ...nothing, textInput: 10 })
    const { billingCurrency, billingPicoAmount, totalPicoUsd, priceVersion } = tally.cost('CHF', null)
    return [billingCurrency, billingPicoAmount, totalPicoUsd, priceVersion]
  }
  assert.deepEqual(billed(), ['CHF', 0n, 0n, ''])
  assert.deepEqual(billed('EUR'), ['EUR', 8_000_000n, 10_000_000n, 'EUR'])
  assert.deepEqual(billed('EUR', 'EUR'), ['EUR', 16_000_000n, 20_000_000n, 'EUR'])
  assert.deepEqual(billed('EUR', 'CNY'), ['USD', 20_000_000n, 20_000_000n, 'EUR; CNY'])
  assert.deepEqual(billed('EUR', 'CNY', 'EUR').slice(0, 3), ['USD', 30_000_000n, 30_000_000n])
})
