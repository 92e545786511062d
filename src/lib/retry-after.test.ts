import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from './retry-after.ts'

const nowMs = Date.parse('2026-11-22T12:00:00Z')

test('takes seconds, and a date in each of the three forms of RFC 9110', () => {
  const cases: [value: string, ms: number][] = [
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['0.5', 500],
    ['Sun, 22 Nov 2026 12:00:03 GMT', 3_000],
    ['Sunday, 22-Nov-26 12:00:03 GMT', 3_000],
    ['Sun Nov 22 12:00:03 2026', 3_000],
    ['Tue Dec  1 12:00:00 2026', 9 * 86_400_000],
    ['Sun, 22 Nov 2026 12:00:60 GMT', 60_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ]
  for (const [value, ms] of cases) assert.equal(retryAfterMs(value, nowMs), ms, value)
})

test('takes a year of two digits for one at most 50 years ahead', () => {
  const inFiftyYears = Date.parse('2076-11-22T12:00:00Z') - nowMs
  assert.equal(retryAfterMs('Sunday, 22-Nov-76 12:00:00 GMT', nowMs), inFiftyYears)
  assert.equal(retryAfterMs('Tuesday, 22-Nov-77 12:00:00 GMT', nowMs), 0)
})

test('anything else is as if it were not there, whatever the language takes for a date', () => {
  const others = [
    '',
    '-1',
    '+1',
    '1e3',
    '1,5',
    '0x10',
    'Infinity',
    'soon',
    '2026-11',
    '2026-11-22',
    '1 Jan',
    'Nov 2027',
  ]
  const dates = [
    '2026-11-22T12:00:03Z',
    'Sun, 22 Nov 2026 12:00:03 +0100',
    'Sun, 22 Nov 2026 24:00:00 GMT',
    'Sun, 31 Nov 2026 12:00:00 GMT',
    'sun, 22 nov 2026 12:00:03 gmt',
    'Sun, 22 Nov 2026 12:00:03 GMT, 5',
  ]
  for (const value of [...others, ...dates]) assert.equal(retryAfterMs(value, nowMs), null, value)
})

test('reads every date as it is written today', () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 })
  fc.assert(
    fc.property(seconds, (second) => {
      assert.equal(retryAfterMs(new Date(second * 1000).toUTCString(), 0), second * 1000)
    }),
  )
})
