import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
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

function sampleLines(count: number, seed: number): string[] {
  return fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: count, seed }).map(encodeEntry)
}

async function ingest(journal: ListedJournal): Promise<void> {
  const ingester = await fixture.ingester(journal.open, 'again')
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
