import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { centsOfPico, usdOfPico } from './amounts.ts'

test('an amount is shown as the double nearest to it', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (amount) => {
      // The language reads a decimal text as the nearest double (ECMA-262, StringToNumber).
      assert.equal(usdOfPico(amount), Number(formatUsd(picoUsd(amount))))
      assert.equal(centsOfPico(amount), Number(formatUsd(picoUsd(amount * 100n))))
    }),
  )
})

test('sums are exact before they are shown: a million times 0.0000001 USD is 10 cents', () => {
  let sum = 0n
  for (let i = 0; i < 1_000_000; i++) sum += 100_000n
  assert.equal(usdOfPico(sum), 0.1)
  assert.equal(centsOfPico(sum), 10)
})
