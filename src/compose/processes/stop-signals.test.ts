import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StopSignals } from './stop-signals.ts'

test('the first signal stops in order, the same wish passed on changes nothing, a second one ends at once', () => {
  const signals = new StopSignals()
  assert.deepEqual(
    [70_000, 70_000, 70_020, 70_999, 71_000, 90_000].map((nowMs) => signals.take(nowMs)),
    ['stop', 'again', 'again', 'again', 'at_once', 'at_once'],
  )
})
