import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { systemClock, systemTimers } from '#edge/system.ts'
import { LagMeter } from '#store/ingest/lag.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry, settleEntry } from '../journal/entries.ts'
import { journalOptions, temporaryDirectory } from '../journal/journals.ts'

test('the lag is exact over segments that are begun, compressed and deleted meanwhile', async (t) => {
  const dir = temporaryDirectory(t)
  const { journal } = await openJournal(journalOptions(dir, { fsync: 'none', segmentBytes: 4096 }))
  let ingested: { position: JournalPosition | null; settled: number } = { position: null, settled: 0 }
  const meter = new LagMeter({
    openSource: (position) => openFollower({ dir, position }),
    clock: systemClock,
    timers: systemTimers,
    progress: () => ingested,
  })
  const ingest = await openFollower({ dir, position: null })
  let written = 0
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 10; i++) {
      const callId = `c${written++}`
      await journal.append(openEntry(callId))
      await journal.append(settleEntry(callId))
    }
    assert.equal((await meter.read()).records, written - ingested.settled)
    // A block for every entry: half of them are settled calls.
    for (let blocks = 0; blocks < (round % 3) * 14; ) {
      const read = await ingest.next(1)
      const last = read.at(-1)
      if (last === undefined) break
      blocks += read.length
      ingested = { position: last.after, settled: Math.floor(last.blockNo / 2) }
    }
    assert.equal((await meter.read()).records, written - ingested.settled)
    // What is old enough to go: all that is in the store.
    if (ingested.position !== null)
      await retireSegments({ dir, ingested: ingested.position, keepMs: 0, nowMs: Date.now() + 1_000 })
    assert.equal((await meter.read()).records, written - ingested.settled)
  }
  assert.ok(!readdirSync(dir).includes('000000000001.tgj'))
  await Promise.all([meter.close(), ingest.close(), journal.close()])
})
