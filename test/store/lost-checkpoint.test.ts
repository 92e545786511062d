import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import { until } from '#test/support/until.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

const range = { fromMs: Date.UTC(2026, 4, 15), toMs: Date.UTC(2026, 6, 15) }
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(10_000)
})
after(() => fixture.close())

test('a journal that is in the store already, by several inserts, is not counted again', async () => {
  const journal = new ListedJournal()
  for (let i = 0; i < 20; i++) {
    journal.append(sampleLines(5, 100 + i))
    if (i % 7 === 0) await ingest(journal)
  }
  await ingest(journal)
  assert.deepEqual(await counts(), { records: 100, hourly: 100 })
  rmSync(join(fixture.directory, 'again'), { recursive: true })
  journal.append(sampleLines(5, 99))
  await ingest(journal)
  assert.deepEqual(await counts(), { records: 105, hourly: 105 })
})

test('another journal under the same name is found out', async () => {
  const other = new ListedJournal()
  for (let i = 0; i < 21; i++) other.append(sampleLines(5, 500 + i))
  rmSync(join(fixture.directory, 'again'), { recursive: true })
  const ingester = await fixture.ingester(other.open, 'again')
  ingester.start()
  const fault = await until('the ingester to find a fault', () => ingester.state().fault)
  await ingester.stop()
  assert.match(fault, /followed another journal/)
  assert.deepEqual(await counts(), { records: 105, hourly: 105 })
})

test('a journal whose name was lost with its checkpoint is not counted again', async () => {
  const journal = new ListedJournal()
  for (let i = 0; i < 30; i++) journal.append(sampleLines(3, 900 + i))
  await ingest(journal, 'named')
  const before = await counts()
  journal.append(sampleLines(4, 990))
  await ingest(journal, 'renamed')
  assert.deepEqual(await counts(), { records: before.records + 4, hourly: before.hourly + 4 })
  // Nor where it was lost once more, and the oldest part of the journal is no longer there.
  await ingest(journal, 'renamed again')
  assert.deepEqual(await counts(), { records: before.records + 4, hourly: before.hourly + 4 })
})

test('a journal that the store has nothing of has a name of its own', async () => {
  const before = await counts()
  const journal = new ListedJournal()
  for (let i = 0; i < 30; i++) journal.append(sampleLines(3, 1300 + i))
  await ingest(journal, 'new')
  assert.deepEqual(await counts(), { records: before.records + 90, hourly: before.hourly + 90 })
})

test('a journal that was sent the same costs of others as one before it is not taken for that one', async () => {
  const before = await counts()
  const first = new ListedJournal()
  const events = marked(2, 1500, [externalMark])
  first.append(events)
  for (let i = 0; i < 10; i++) first.append(marked(1, 1510 + i, []))
  await ingest(first, 'first')
  const second = new ListedJournal()
  second.append(events)
  second.append(marked(1, 1530, []))
  await ingest(second, 'second')
  assert.deepEqual(await counts(), { records: before.records + 15, hourly: before.hourly + 15 })
})

test('a journal of nothing but costs of others is known by them', async () => {
  const before = await counts()
  const journal = new ListedJournal()
  journal.append(marked(3, 1600, [externalMark]))
  await ingest(journal, 'events')
  await ingest(journal, 'events renamed')
  assert.deepEqual(await counts(), { records: before.records + 3, hourly: before.hourly + 3 })
})

function marked(count: number, seed: number, marks: readonly string[]): string[] {
  const entries = fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: count, seed })
  return entries.map((entry) => encodeEntry({ ...entry, marks }))
}

function sampleLines(count: number, seed: number): string[] {
  return fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: count, seed }).map(encodeEntry)
}

async function ingest(journal: ListedJournal, name = 'again'): Promise<void> {
  const ingester = await fixture.ingester(journal.open, name)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
}

async function counts(): Promise<{ records: number; hourly: number }> {
  const [row] = await fixture.database.selectForWriter<{ records: string; hourly: string }>(
    `SELECT (SELECT count() FROM tollgate.usage) AS records,
            (SELECT sum(requests) FROM tollgate.usage_hourly) AS hourly`,
  )
  return { records: Number(row?.records), hourly: Number(row?.hourly) }
}
