import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalPosition } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from './entries.ts'
import { journalOptions, temporaryDirectory } from './journals.ts'

test('whoever watches is told of each entry before its caller, with the place to read on from', async (t) => {
  const dir = temporaryDirectory(t)
  const told: string[] = []
  const places: JournalPosition[] = []
  const options = journalOptions(dir, {
    segmentBytes: 600,
    onWritten: (entries, after) => {
      for (const entry of entries) told.push(`${entry.kind} ${entry.call.callId}`)
      places.push(after)
    },
  })
  const { journal } = await openJournal(options)
  for (let i = 0; i < 10; i++) {
    await Promise.all([journal.append(openEntry(`c${i}`)), journal.append(settleEntry(`c${i}`))])
    assert.deepEqual(told.slice(-2), [`open c${i}`, `settle c${i}`])
  }
  await journal.close()
  assert.equal(told.length, 20)
  // Read on from any of the places: what comes is what was told after it.
  for (const [index, position] of places.entries()) {
    const follower = await openFollower({ dir, position })
    let lines = 0
    for (let blocks = await follower.next(1_000); blocks.length > 0; blocks = await follower.next(1_000)) {
      for (const block of blocks) lines += block.lineCount
    }
    await follower.close()
    assert.equal(lines, (places.length - 1 - index) * 2)
  }
})
