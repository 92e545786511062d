import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from './decimal.ts'
import { makeExchange } from './exchange.ts'
import { MoneyFault } from './fault.ts'
import { picoUsd } from './pico-usd.ts'
import { divideHalfEven, invert, multiply, one, ratio, ratioOfDecimal } from './ratio.ts'
import { formatPico, formatUsd, parseUsd, picoOfDecimal } from './usd-text.ts'

const amounts = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })

test('an amount has twelve places, whatever its size', () => {
  for (const [pico, text] of [
    [0n, '0.000000000000'],
    [1n, '0.000000000001'],
    [-1n, '-0.000000000001'],
    [10n ** 12n, '1.000000000000'],
    [12_345_678_901_234n, '12.345678901234'],
    [10n ** 27n, `1${'0'.repeat(15)}.${'0'.repeat(12)}`],
  ] as const) {
    assert.equal(formatUsd(picoUsd(pico)), text)
  }
})

test('amounts survive writing and reading', () => {
  fc.assert(fc.property(amounts, (pico) => assert.equal(parseUsd(formatUsd(picoUsd(pico))), pico)))
})

test('our own amounts are never finer than 1e-12, others are rounded half to even', () => {
  assert.equal(parseUsd('1.5e-11'), 15n)
  assert.throws(
    () => parseUsd('0.0000000000001'),
    (fault) => fault instanceof MoneyFault && fault.code === 'too_fine',
  )
  for (const [text, pico] of [
    ['0.0000000000005', 0n],
    ['0.0000000000015', 2n],
    ['0.0000000000025', 2n],
    ['0.00000000000250001', 3n],
    ['-0.0000000000015', -2n],
    ['3', 3n * 10n ** 12n],
  ] as const) {
    assert.equal(picoOfDecimal(parseDecimal(text)), pico, text)
  }
})

test('half-even division is never further off than half, and ties go to the even neighbour', () => {
  fc.assert(
    fc.property(amounts, fc.bigInt({ min: 1n, max: 10n ** 18n }), (num, den) => {
      const rounded = divideHalfEven(num, den)
      const off = 2n * (rounded * den - num)
      assert.ok(off <= den && off >= -den)
      if (off === den || off === -den) assert.equal(rounded % 2n, 0n)
      assert.equal(divideHalfEven(-num, den), -rounded)
    }),
  )
})

test('fractions multiply and turn over exactly', () => {
  const parts = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).filter((n) => n !== 0n)
  fc.assert(
    fc.property(parts, parts, parts, parts, (a, b, c, d) => {
      const product = multiply(ratio(a, b), ratio(c, d))
      assert.equal(product.num * b * d, product.den * a * c)
      assert.ok(product.den > 0n)
      assert.deepEqual(multiply(product, invert(product)), one)
    }),
  )
  assert.throws(() => ratio(1n, 0n), MoneyFault)
})

const day = 86_400_000
const exchange = makeExchange([
  { from: 'CNY', to: 'USD', rate: '0.14', sinceMs: 10 * day },
  { from: 'CNY', to: 'USD', rate: '1', sinceMs: 0 },
  { from: 'usd', to: 'EUR', rate: '0.8', sinceMs: 5 * day },
])

test('the latest rate that has begun is in force', () => {
  const inUsd = (amount: bigint, currency: string, atMs: number) => exchange.toUsd(amount, currency, atMs)
  assert.deepEqual(inUsd(100n, 'CNY', 0), { kind: 'usd', picoUsd: 100n })
  assert.deepEqual(inUsd(100n, 'cny', 10 * day - 1), { kind: 'usd', picoUsd: 100n })
  assert.deepEqual(inUsd(100n, 'CNY', 10 * day), { kind: 'usd', picoUsd: 14n })
  assert.deepEqual(inUsd(100n, 'USD', -day), { kind: 'usd', picoUsd: 100n })
})

test('a rate of the opposite pair is turned over', () => {
  assert.deepEqual(exchange.toUsd(100n, 'EUR', 5 * day), { kind: 'usd', picoUsd: 125n })
})

test('a missing rate is told and never taken for one', () => {
  assert.deepEqual(exchange.toUsd(100n, 'CNY', -1), { kind: 'missing', from: 'CNY', to: 'USD' })
  assert.deepEqual(exchange.toUsd(100n, 'VND', day), { kind: 'missing', from: 'VND', to: 'USD' })
  assert.throws(() => makeExchange([{ from: 'A', to: 'B', rate: '0', sinceMs: 0 }]), MoneyFault)
})

test('an exchanged amount is the exact product, rounded once', () => {
  const rates = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 15n }), fc.nat(12))
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), rates, (amount, [digits, places]) => {
      const dated = makeExchange([{ from: 'X', to: 'USD', rate: `${digits}e-${places}`, sinceMs: 0 }])
      const found = dated.toUsd(amount, 'X', 1)
      assert.equal(found.kind, 'usd')
      if (found.kind !== 'usd') return
      const scale = 10n ** BigInt(places)
      const off = 2n * (found.picoUsd * scale - amount * digits)
      assert.ok(off <= scale && off >= -scale)
    }),
  )
})

test('decimals become fractions of the same value', () => {
  assert.deepEqual(ratioOfDecimal(parseDecimal('0.125')), { num: 1n, den: 8n })
  assert.equal(formatPico(-1_500_000_000_000n), '-1.500000000000')
})
