import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatcher } from '#lib/glob.ts'
import { card, model, sampleCatalog } from '#test/pricing/sample-catalog.ts'
import { makePriceBook } from './price-book.ts'
import { makeResolver } from './resolve.ts'
import { type CardCondition, type ConditionalCard, cardAt, steadyAround } from './schedule.ts'

const day = 86_400_000
const hour = 3_600_000
const daily = (startMs: number, endMs: number): CardCondition => ({ kind: 'daily', startMs, endMs, label: 'd' })
const from = (fromMs: number): CardCondition => ({ kind: 'from', fromMs, label: 'f' })
const cards = (...conditions: readonly CardCondition[]): ConditionalCard[] =>
  conditions.map((condition, i) => ({ condition, card: card({ input: String(i) }) }))

function checkCard(conditions: readonly CardCondition[], atMs: number, expected: number): void {
  const all = cards(...conditions)
  assert.equal(cardAt(all, atMs), all[expected])
}

test('the last price that holds wins, the first one where none does', () => {
  const always: CardCondition = { kind: 'always' }
  checkCard([always, from(10 * day)], 10 * day - 1, 0)
  checkCard([always, from(10 * day)], 10 * day, 1)
  checkCard([from(10 * day), from(20 * day)], 5 * day, 0)
  checkCard([always, daily(hour, 2 * hour)], 3 * day + hour, 1)
  checkCard([always, daily(hour, 2 * hour)], 3 * day + 2 * hour, 0)
})

test('a time of day may run over midnight, and before 1970', () => {
  const night = [{ kind: 'always' } as const, daily(22 * hour, 2 * hour)]
  checkCard(night, 5 * day + 23 * hour, 1)
  checkCard(night, 5 * day + hour, 1)
  checkCard(night, 5 * day + 2 * hour, 0)
  checkCard(night, -day + 22 * hour, 1)
})

const condition: fc.Arbitrary<CardCondition> = fc.oneof(
  fc.constant({ kind: 'always' } as const),
  fc.integer({ min: -3 * day, max: 5 * day }).map(from),
  fc.tuple(fc.nat(day - 1), fc.nat(day - 1)).map(([startMs, endMs]) => daily(startMs, endMs)),
)
const instant = fc.oneof(
  fc.integer({ min: -4 * day, max: 6 * day }),
  fc.integer({ min: -4, max: 6 }).map((n) => n * day),
)

test('nothing changes inside a steady stretch', () => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 4 }),
      instant,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (conditions, atMs, where) => {
        const { fromMs, untilMs } = steadyAround(atMs, conditions, [])
        assert.ok(fromMs <= atMs && atMs < untilMs)
        const low = Math.max(fromMs, -10 * day)
        const high = Math.min(untilMs, 10 * day)
        const inside = Math.min(high - 1, Math.floor(low + where * (high - low)))
        const all = cards(...conditions)
        assert.equal(cardAt(all, inside), cardAt(all, atMs))
      },
    ),
    { numRuns: 500 },
  )
})

test('cached prices equal uncached ones at any sequence of instants', () => {
  const dated = fc.array(instant, { maxLength: 3 })
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 4 }),
      fc.record({ discounts: dated, overrides: dated, rates: dated }),
      fc.array(instant, { minLength: 1, maxLength: 20 }),
      (conditions, dates, instants) => {
        const sources = {
          catalog: sampleCatalog([model('m', cards(...conditions))]),
          upstreams: [
            {
              name: 'up',
              kind: 'openai',
              baseUrl: null,
              billing: {
                currency: 'CNY',
                discounts: dates.discounts.map((sinceMs, i) => ({ sinceMs, percent: String(i) })),
              },
            },
          ],
          overrides: dates.overrides.map((fromMs, i) => ({
            provider: 'up',
            model: 'm*',
            fromMs: fromMs + 3 * day,
            tier: 'standard' as const,
            currency: 'EUR',
            rates: { input_per_mtok: String(i) },
          })),
          exchangeRates: dates.rates.flatMap((sinceMs, i) => [
            { from: 'CNY', to: 'USD', rate: String(i + 1), sinceMs },
            { from: 'USD', to: 'EUR', rate: String(i + 3), sinceMs: sinceMs + day },
          ]),
          matcher: globMatcher,
        }
        const book = makePriceBook({ ...sources, costSource: 'computed' })
        for (const atMs of instants) {
          const query = {
            upstream: 'up',
            vendor: 'v',
            modelServed: 'm',
            modelRouted: '',
            tier: 'standard',
            geo: '',
            atMs,
          } as const
          assert.deepEqual(book.priceAt(query), makeResolver(sources).resolve(query).resolved)
        }
      },
    ),
  )
})
