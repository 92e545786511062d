import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepIdleMs, overdue, sweepEveryMs } from './upstream-timeouts.ts'

test('exchanges are looked at a few times in the shorter timeout', () => {
  const every = (firstByteTimeoutMs: number, idleTimeoutMs: number): number =>
    sweepEveryMs({ firstByteTimeoutMs, idleTimeoutMs })
  assert.equal(every(2_000, 1_000), 250)
  assert.equal(every(1_000, 2_000), 250)
  assert.equal(every(600_000, 600_000), 1_000)
  assert.equal(every(1, 600_000), 50)
  assert.equal(every(0, 800), 200)
  assert.equal(every(800, 0), 200)
  assert.equal(every(0, 0), 1_000)
})

test('a timeout counts while it is the server that is waited for', () => {
  const timeouts = { firstByteTimeoutMs: 200, idleTimeoutMs: 100 }
  assert.equal(overdue('answer', 199, timeouts), null)
  assert.equal(overdue('answer', 200, timeouts), 'first_byte_timeout')
  assert.equal(overdue('more', 99, timeouts), null)
  assert.equal(overdue('more', 100, timeouts), 'idle_timeout')
  assert.equal(overdue('nothing', 1_000_000, timeouts), null)
})

test('a timeout of zero never passes', () => {
  const never = { firstByteTimeoutMs: 0, idleTimeoutMs: 0 }
  assert.equal(overdue('answer', 1_000_000, never), null)
  assert.equal(overdue('more', 1_000_000, never), null)
})

test('a connection is kept for less than the server keeps it', () => {
  assert.equal(keepIdleMs(null), 30_000)
  assert.equal(keepIdleMs(5_000), 3_000)
  assert.equal(keepIdleMs(2_000), 0)
  assert.equal(keepIdleMs(0), 0)
  assert.equal(keepIdleMs(10_000_000), 600_000)
})
