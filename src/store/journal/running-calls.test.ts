import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { writeOpenEntry } from '#core/ledger/write-entry.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { RunningCalls } from './running-calls.ts'

function membersOf(entry: ReturnType<typeof openEntry>) {
  return writeOpenEntry(new LineWriter({ headroomBytes: 0, bytes: 512 }), entry)
}

test('what was written of a call is for the settle entry of the very same facts, until it is settled', () => {
  const running = new RunningCalls([])
  const open = openEntry('c1')
  const members = membersOf(open)
  running.opened(open, members)
  const settle = { ...settleEntry('c1'), call: open.call }
  assert.equal(running.membersFor(settle), members)
  assert.equal(running.membersFor({ ...settle, call: { ...open.call, vendor: 'another' } }), null)
  assert.equal(running.membersFor(settleEntry('c2')), null)
  assert.deepEqual(running.opens, [open])
  running.settled(settle)
  assert.equal(running.membersFor(settle), null)
  assert.equal(running.size, 0)
})

test('of a call of the last run nothing was written here', () => {
  const open = openEntry('c1')
  const running = new RunningCalls([open])
  assert.equal(running.size, 1)
  assert.equal(running.membersFor({ ...settleEntry('c1'), call: open.call }), null)
})
