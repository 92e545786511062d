import assert from 'node:assert/strict'
import { test } from 'node:test'
import { picoUsd } from '#core/money/pico-usd.ts'
import { bookableCost } from './bookable-cost.ts'
import { noCost } from './cost.ts'

const most = 10n ** 31n
const costOf = (total: bigint, billing: bigint) => ({
  ...noCost,
  ...{ otherPicoUsd: picoUsd(total), totalPicoUsd: picoUsd(total), billingPicoAmount: billing },
  ...{ billingCurrency: 'VND', priceVersion: 'v1', providerStatedPicoUsd: picoUsd(3n) },
})

test('what a record can hold is booked as it is, more than that not at all, and marked', () => {
  for (const [total, billing] of [
    [0n, 0n],
    [most, most],
  ] as const) {
    const marks = new Set<string>()
    assert.deepEqual(bookableCost(costOf(total, billing), marks), costOf(total, billing))
    assert.equal(marks.size, 0)
  }
  for (const [total, billing] of [
    [most + 1n, 1n],
    [1n, most + 1n],
  ] as const) {
    const marks = new Set<string>()
    assert.deepEqual(bookableCost(costOf(total, billing), marks), { ...costOf(0n, 0n), unpriced: true })
    assert.deepEqual([...marks], ['cost_invalid', 'unpriced'])
  }
})
