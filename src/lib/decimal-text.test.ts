import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plainDecimal } from './decimal-text.ts'

test('writes JSON numbers out in full', () => {
  const cases: readonly (readonly [string, number, string | null])[] = [
    ['5.37e-06', 0, '0.00000537'],
    ['731000', -10, '0.0000731'],
    ['161508500', -10, '0.01615085'],
    ['0', 0, '0'],
    ['-0.0', 0, '0'],
    ['0.0050', 0, '0.005'],
    ['12.5E+2', 0, '1250'],
    ['-1e1', 0, '-10'],
    ['1e99', 0, null],
    ['', 0, null],
    ['NaN', 0, null],
    ['.5', 0, null],
  ]
  for (const [text, shift, expected] of cases) assert.equal(plainDecimal(text, shift), expected, `${text} ${shift}`)
})

test('is the same number as what JSON reads', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e20, max: 1e20 }), (value) => {
      fc.pre(value === 0 || Math.abs(value) > 1e-20)
      assert.equal(Number(plainDecimal(JSON.stringify(value))), value === 0 ? 0 : value)
    }),
  )
})

test('shifting there and back changes nothing', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 20 }), (value, shift) => {
      const there = plainDecimal(String(value), -shift)
      assert.equal(there === null ? null : plainDecimal(there, shift), String(value))
    }),
  )
})
