import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { RunningCalls } from './running-calls.ts'

test('a call runs until it is settled, whoever settles it and whichever run has opened it', () => {
  const [last, first, second] = [openEntry('last'), openEntry('c1'), openEntry('c2')]
  const running = new RunningCalls([last])
  running.opened(first)
  running.opened(second)
  assert.deepEqual(running.opens, [last, first, second])
  running.settled({ ...settleEntry('c1'), call: first.call })
  running.settled(settleEntry('last'))
  running.settled(settleEntry('refused before it was opened'))
  assert.deepEqual(running.opens, [second])
  assert.equal(running.size, 1)
})
