import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEntry, encodeEntry } from '#core/ledger/codec.ts'
import { greatestLineBytes, longestModel, shortened } from '#core/ledger/entry-bounds.ts'
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

test('a settle entry too large for a line is shortened and stands for its call; an open one is refused', async () => {
  const running = new RunningCalls([])
  const lines = new LineWriter({ headroomBytes: 0, bytes: 64 })
  const block = new PendingBlock(lines, running)
  const { call, ...rest } = settleEntry('long')
  const long = { ...call, modelRequested: 'm', modelRouted: 'a'.repeat(greatestLineBytes) }
  assert.throws(() => block.add({ ...openEntry('long'), call: long }), { code: 'entry_too_large' })
  void block.add({ ...rest, call: long })
  void block.add(settleEntry('next'))
  const written = lines.memory.toString('utf8', 0, lines.end).trimEnd().split('\n').map(decodeEntry)
  assert.deepEqual(written, block.entries)
  const [first, second] = block.entries
  assert.deepEqual(first, shortened({ ...rest, call: long }))
  assert.equal(first?.call.modelRouted, 'a'.repeat(longestModel))
  assert.deepEqual(second, settleEntry('next'))
})
