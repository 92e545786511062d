import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { SumsQuestion } from '#core/ledger/questions.ts'
import { openUsageStore } from '#store/usage/store.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'
import { naiveSums } from './naive-sums.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nowMs = Math.floor(Date.now() / hourMs) * hourMs
const range = { fromMs: nowMs - 200 * dayMs, toMs: nowMs }
const entries = fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: 300, seed: 3 })
const clock = { wallMs: () => nowMs, monotonicMs: () => 0 }
const question: SumsQuestion = {
  range,
  groupBy: [{ field: 'model' }],
  filters: [],
  timezone: 'UTC',
  percentiles: true,
  maxRows: 100,
}
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(10_000)
  const journal = new ListedJournal()
  journal.append(entries.map(encodeEntry))
  const ingester = await fixture.ingester(journal.open)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
})
after(() => fixture.close())

test('the roll-ups answer for times whose records are gone, with the same sums', async () => {
  const store = await openUsageStore(fixture.database, { recordsDays: 90, clock })
  await fixture.database.command('OPTIMIZE TABLE tollgate.usage FINAL')
  const left = await fixture.database.select<{ rows: string; oldest: string }>(
    'SELECT count() AS rows, toUnixTimestamp64Milli(min(timestamp)) AS oldest FROM tollgate.usage',
  )
  assert.ok(Number(left[0]?.rows) < entries.length)
  assert.ok(Number(left[0]?.oldest) >= Date.now() - 91 * dayMs)

  const all = await store.sums(question)
  assert.equal(all.basis, 'hourly')
  assert.equal(all.incompleteBeforeMs, null)
  assert.equal(all.total.costUsd, naiveSums(entries).costUsd)
  assert.equal(all.total.requests, String(entries.length))
})

test('what only records know is answered from when they are complete, and says so', async () => {
  const store = await openUsageStore(fixture.database, { recordsDays: 90, clock })
  const byUser = await store.sums({ ...question, groupBy: [{ field: 'user_id' }] })
  assert.equal(byUser.basis, 'records')
  assert.equal(byUser.incompleteBeforeMs, nowMs - 90 * dayMs)
  const recent = await store.sums({ ...question, range: { fromMs: nowMs - 80 * dayMs, toMs: nowMs } })
  assert.equal(recent.basis, 'records')
  assert.equal(recent.incompleteBeforeMs, null)
})

test('a longer retention does not make believe that dropped records are back', async () => {
  await openUsageStore(fixture.database, { recordsDays: 90, clock })
  const store = await openUsageStore(fixture.database, { recordsDays: 365, clock })
  const byUser = await store.sums({ ...question, groupBy: [{ field: 'user_id' }] })
  assert.equal(byUser.incompleteBeforeMs, nowMs - 90 * dayMs)
})
