import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatcher } from '#lib/glob.ts'
import { always, card, model, sampleCatalog } from '#test/pricing/sample-catalog.ts'
import type { Cost } from './cost.ts'
import { makePriceBook } from './price-book.ts'
import type { PricedCall } from './price-call.ts'
import { sumPriced } from './sum-priced.ts'

const book = makePriceBook({
  matcher: globMatcher,
  // A third of 1e-12 for a token of output: every call rounds by itself.
  catalog: sampleCatalog([model('m', always(card({ input: '2', cached: '0.5', output: '0.0000003333' })))]),
  overrides: [],
  upstreams: [],
  exchangeRates: [],
  costSource: 'computed',
})

function priced(input: number, cached: number, output: number, known: boolean): PricedCall {
  return book.priceCall({
    upstream: 'up',
    vendor: 'acme',
    modelServed: known ? 'm' : 'nobody',
    modelRouted: known ? 'm' : 'nobody',
    endpoint: 'messages',
    atMs: 0,
    usage: { inputTokens: input + cached, cachedInputTokens: cached, outputTokens: output },
    usageSource: 'provider',
  })
}

const call = fc
  .tuple(fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), fc.integer({ min: 0, max: 9 }))
  .map(([input, cached, output, n]) => priced(input, cached, output, n > 0))

const parts = ['inputPicoUsd', 'cachedInputPicoUsd', 'cacheWritePicoUsd', 'outputPicoUsd', 'otherPicoUsd'] as const
const sumOf = (calls: readonly PricedCall[], of: (call: PricedCall) => bigint) =>
  calls.reduce((sum, one) => sum + of(one), 0n)

test('a sum of calls is what each of them costs, part by part, and its parts add up', () => {
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 30 }), (calls) => {
      const [first, ...rest] = calls
      assert.ok(first !== undefined)
      const sum = sumPriced(first, rest)
      const { cost } = sum
      for (const part of [...parts, 'totalPicoUsd'] as const) {
        assert.equal(
          cost[part],
          sumOf(calls, (one) => one.cost[part]),
          part,
        )
      }
      assert.equal(
        cost.totalPicoUsd,
        parts.reduce((whole, part) => whole + cost[part], 0n),
      )
      assert.equal(cost.billingPicoAmount, cost.totalPicoUsd)
      assert.equal(
        BigInt(sum.tokens.input),
        sumOf(calls, (one) => BigInt(one.tokens.input)),
      )
      assert.equal(
        BigInt(sum.tokens.output),
        sumOf(calls, (one) => BigInt(one.tokens.output)),
      )
      assert.equal(
        cost.unpriced,
        calls.some((one) => one.cost.unpriced),
      )
    }),
  )
})

test('the sum of one call is that call', () => {
  const one = priced(3, 2, 1, true)
  assert.deepEqual(sumPriced(one, []), one)
})

test('a cost that only some calls state is not that of all', () => {
  const stated = (pico: bigint | null): PricedCall => {
    const one = priced(3, 2, 1, true)
    return { ...one, cost: { ...one.cost, providerStatedPicoUsd: pico as Cost['providerStatedPicoUsd'] } }
  }
  assert.equal(sumPriced(stated(1n), [stated(2n)]).cost.providerStatedPicoUsd, 3n)
  assert.equal(sumPriced(stated(1n), [stated(null)]).cost.providerStatedPicoUsd, null)
})

test('units are added up by their names, and marks are named once each', () => {
  const of = (units: PricedCall['units'], marks: readonly string[]): PricedCall => ({
    ...priced(1, 0, 0, true),
    units,
    marks,
  })
  const sum = sumPriced(of({ web_search: 2 }, ['a']), [of({ web_search: 3, request: 1 }, ['b', 'a']), of({}, [])])
  assert.deepEqual([sum.units, sum.marks], [{ web_search: 5, request: 1 }, ['a', 'b']])
})

test('bills in one currency are added up in it, bills in several in USD', () => {
  const billed = (billingCurrency: string, billingPicoAmount: bigint): PricedCall => {
    const one = priced(3, 2, 1, true)
    return { ...one, cost: { ...one.cost, billingCurrency, billingPicoAmount } }
  }
  const bill = ({ cost }: PricedCall) => [cost.billingCurrency, cost.billingPicoAmount]
  const total = priced(3, 2, 1, true).cost.totalPicoUsd
  assert.deepEqual(bill(sumPriced(billed('EUR', 5n), [billed('EUR', 7n)])), ['EUR', 12n])
  assert.deepEqual(bill(sumPriced(billed('EUR', 5n), [billed('CNY', 7n)])), ['USD', 2n * total])
  assert.deepEqual(bill(sumPriced(billed('EUR', 5n), [billed('CNY', 7n), billed('EUR', 5n)])), ['USD', 3n * total])
})
