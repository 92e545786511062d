import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalOfNumber, formatDecimal, parseDecimal, readDecimal } from './decimal.ts'
import { MoneyFault } from './fault.ts'

test('decimal text is read exactly, exponent form included', () => {
  for (const [text, plain] of [
    ['0', '0'],
    ['-0', '0'],
    ['007.50', '7.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+1.25', '1.25'],
    ['1e3', '1000'],
    ['1.5E-7', '0.00000015'],
    ['-12.30e1', '-123'],
    ['9007199254740993', '9007199254740993'],
    ['0.000000000000000000000001', '0.000000000000000000000001'],
  ] as const) {
    assert.equal(formatDecimal(parseDecimal(text)), plain, text)
  }
})

test('what is no decimal number is a fault', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    '1,5',
    '0x10',
    'NaN',
    'Infinity',
    '1.2.3',
    '--1',
    '1e',
    'e5',
    '.',
    '1e9999',
    '9'.repeat(200),
  ]) {
    assert.throws(
      () => parseDecimal(text),
      (fault) => fault instanceof MoneyFault && fault.code === 'not_a_decimal',
      text,
    )
    assert.equal(readDecimal(text), null)
  }
})

test('plain text survives reading and writing', () => {
  const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
  fc.assert(
    fc.property(digits, fc.nat(30), (unscaled, scale) => {
      const value = parseDecimal(`${unscaled}e-${scale}`)
      assert.deepEqual(parseDecimal(formatDecimal(value)), value)
      assert.equal(value.unscaled * 10n ** BigInt(scale), unscaled * 10n ** BigInt(value.scale))
    }),
  )
})

test('a catalog number means its shortest text', () => {
  assert.equal(formatDecimal(decimalOfNumber(0.1)), '0.1')
  assert.equal(formatDecimal(decimalOfNumber(1e-7)), '0.0000001')
  assert.equal(formatDecimal(decimalOfNumber(1.5e21)), '1500000000000000000000')
  assert.throws(() => decimalOfNumber(Number.NaN), MoneyFault)
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(Number(formatDecimal(decimalOfNumber(value))), value === 0 ? 0 : value)
    }),
  )
})
