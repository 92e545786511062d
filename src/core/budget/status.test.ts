import assert from 'node:assert/strict'
import { test } from 'node:test'
import { budget, call, hourMs, knowing, startMs, usd, usdPerDay } from '#test/budget-laws/sample.ts'

/** The only limit of a budget of 1000 with these thresholds, of which so much was spent, after a part of its day. */
function statusWith(spent: bigint, thresholds: readonly number[] = [50, 80, 100], dayPart = 0.5) {
  const book = knowing({ ...budget('b', [usdPerDay(1000n)]), thresholds })
  const dayMs = 24 * hourMs
  const beginMs = startMs - (startMs % dayMs)
  book.book(call(beginMs), usd(spent))
  const [status] = book.status(beginMs + dayMs * dayPart)
  assert.ok(status !== undefined)
  return status
}

test('a limit is exceeded, critical behind the last threshold before that, or in warning behind any', () => {
  for (const [spent, thresholds, state] of [
    [499n, [50, 80, 100], 'ok'],
    [500n, [50, 80, 100], 'warning'],
    [799n, [50, 80, 100], 'warning'],
    [800n, [50, 80, 100], 'critical'],
    [999n, [50, 80, 100], 'critical'],
    [1000n, [50, 80, 100], 'exceeded'],
    [1001n, [], 'exceeded'],
    [999n, [], 'ok'],
    [800n, [80], 'warning'],
    [800n, [80, 100, 120], 'warning'],
  ] as const) {
    assert.equal(statusWith(spent, thresholds).state, state, `${spent} of 1000 at ${thresholds}`)
  }
})

test('what a window will come to is told in a straight line, and not before a twentieth of it', () => {
  for (const [spent, dayPart, forecast] of [
    [300n, 0.5, 600n],
    [300n, 0.05, 6000n],
    [300n, 0.0499, null],
    [0n, 0.5, 0n],
  ] as const) {
    assert.equal(statusWith(spent, [], dayPart).forecast, forecast, `${dayPart}`)
  }
})

test('how far a limit is used is rounded down', () => {
  assert.deepEqual([statusWith(999n).permilleUsed, statusWith(1n).permilleUsed], [999, 1])
  assert.equal(statusWith(1500n).permilleUsed, 1500)
})
