import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEntry } from '#core/ledger/codec.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { PendingBlock } from './pending-block.ts'
import { RunningCalls } from './running-calls.ts'

test('a block has the lines of the entries that were taken, and keeps the account of their calls', async () => {
  const running = new RunningCalls([])
  const lines = new LineWriter({ headroomBytes: 0, bytes: 64 })
  const block = new PendingBlock(lines, running)
  const [refused, taken, settled] = [openEntry('refused'), openEntry('taken'), settleEntry('settled')]
  const told = block.add(refused)
  void block.add(settled)
  block.refuseOpens(new JournalFault('journal_full', 'no room'))
  await assert.rejects(told, { code: 'journal_full' })
  void block.add(taken)
  assert.throws(() => block.add({ ...openEntry('broken'), estimatedInputTokens: Number.NaN }), { name: 'EntryFault' })
  assert.equal(lines.memory.toString('utf8', 0, lines.end), `${encodeEntry(settled)}\n${encodeEntry(taken)}\n`)
  block.track()
  assert.deepEqual(running.opens, [taken])
})
