import assert from 'node:assert/strict'
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { VirtualTime } from '../journal/virtual-time.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture()
})
after(() => fixture.close())

test('a checkpoint that cannot be written at the end costs the next start a look, and nothing else', async () => {
  const journal = new ListedJournal()
  const nowMs = Date.now()
  const lines = fc.sample(settleEntries(nowMs - 1_000, nowMs), { numRuns: 20, seed: 1 }).map(encodeEntry)
  journal.append(lines)
  // Time stands still: the checkpoint is not written for being idle.
  const first = await fixture.ingester(journal.open, 'blocked', fixture.database, new VirtualTime())
  first.start()
  while (first.state().rows < lines.length) await nextTurn()
  const draft = join(fixture.directory, 'blocked', 'checkpoint.json.tmp')
  mkdirSync(draft)
  await first.stop()

  rmdirSync(draft)
  const second = await fixture.ingester(journal.open, 'blocked')
  second.start()
  await second.caughtUp()
  await second.stop()
  const state = second.state()
  assert.deepEqual([state.settled, state.rows, state.repaired], [20, 20, 0])
  const [stored] = await fixture.database.selectForWriter<{ records: string }>(
    `SELECT toString(count()) AS records FROM tollgate.usage WHERE journal_id = 'blocked'`,
  )
  assert.equal(stored?.records, '20')
})
