import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { isObject } from '#lib/json-object.ts'
import { amountOf, FieldFault, instantOf, parseBody } from './fields.ts'

const amountIn = (json: string) => {
  const body = parseBody(Buffer.from(json))
  return amountOf(isObject(body) ? body['total_usd'] : null, 'total_usd')
}

test('an amount is what was written, as a number or as text, to the last of twelve decimals', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n }).map(picoUsd), (amount) => {
      const text = formatUsd(amount)
      assert.equal(amountIn(`{"total_usd":${text}}`), amount)
      assert.equal(amountIn(`{"total_usd":"${text}"}`), amount)
      assert.equal(amountIn(`{"total_usd":${amount}e-12}`), amount)
    }),
  )
})

test('names are read as they are written, whatever was read before', () => {
  // After this JSON.parse takes the next one's "b\\u00fcro" for that: see lib/json-names.ts.
  JSON.parse('{"id":"1","tags":{"team":"x","b\\\\u0":"y"}}')
  const event = parseBody(Buffer.from('{"id":"1","tags":{"team":"x","b\\u00fcro":"y"}}'))
  assert.deepEqual(event, { id: '1', tags: { team: 'x', büro: 'y' } })
})

test('what is no amount is a fault, never zero', () => {
  for (const bad of ['-1', '-0.000000000001', '""', '"1,5"', '"1 USD"', 'true', '[]', '{}', '1e400', '1000000000.1']) {
    assert.throws(() => amountIn(`{"total_usd":${bad}}`), FieldFault, bad)
  }
  assert.equal(amountIn('{}'), null)
  assert.equal(amountIn('{"total_usd":null}'), null)
})

test('an instant is never in the future, and never older than records are kept', () => {
  const nowMs = Date.UTC(2026, 5, 1)
  const time = fc.oneof(
    fc.integer({ min: -1e12, max: 4e12 }),
    fc
      .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((d) => d.toISOString()),
  )
  fc.assert(
    fc.property(time, (value) => {
      const atMs = instantOf(value, 'timestamp', nowMs)
      assert.ok(atMs <= nowMs && atMs > nowMs - 90 * 86_400_000)
    }),
  )
  assert.equal(instantOf('2026-05-31T12:00:00', 'timestamp', nowMs), Date.UTC(2026, 4, 31, 12))
  assert.equal(instantOf('2026-05-31T12:00:00+02:00', 'timestamp', nowMs), Date.UTC(2026, 4, 31, 10))
})
