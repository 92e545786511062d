import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { collectBlocks } from '#store/ingest/batch.ts'
import type { IngestState } from '#store/ingest/ingester.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import type { JournalBlock } from '#store/ingest/source.ts'
import { type InsertTarget, StoreFault, type UsageDatabase } from '#store/usage/client.ts'
import { blockOf, type IntakeBatch, insertBlock, makeGood, monthOf } from '#store/usage/intake.ts'
import { migrate, usageMigrations } from '#store/usage/migrate.ts'
import type { UsageRow } from '#store/usage/usage-row.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { blockOfLines, ListedJournal } from './listed-journal.ts'

const range = { fromMs: Date.UTC(2026, 4, 15), toMs: Date.UTC(2026, 6, 15) }
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(10_000)
})
after(() => fixture.close())

test('what can be no row goes to quarantine, once; what stands around it goes in', async () => {
  const lines = sampleLines(3, 1)
  const journal = new ListedJournal()
  journal.append([lines[0] ?? '', '{"kind":"settle","callId":"torn"', lines[1] ?? '', '{"kind":"other"}', 'not json'])
  journal.append([lines[2] ?? ''])
  const { settled, rows, rejected } = await ingest(journal, 'quarantine')
  assert.deepEqual([settled, rows, rejected], [6, 3, 3])
  const file = join(fixture.directory, 'quarantine', 'quarantine.jsonl')
  const places = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).entryNo)
  assert.deepEqual(places(), [1, 3, 4])
  assert.equal((await counts('quarantine')).records, 3)

  rmSync(join(fixture.directory, 'quarantine', 'checkpoint.json'))
  assert.equal((await ingest(journal, 'quarantine')).rejected, 0)
  assert.deepEqual(places(), [1, 3, 4])
})

/** The last insert was cut short, and then the checkpoint was lost as well. */
for (const arrived of ['usage', 'hourly_intake'] as const) {
  test(`without a checkpoint an insert of which only ${arrived} arrived is made good, whatever came before it`, async () => {
    const name = `lost ${arrived}`
    const journal = new ListedJournal()
    for (let i = 0; i < 4; i++) journal.append(sampleLines(10, 700 + i))
    const rows = rowsOf(await (await journal.open(null)).next(1_000), name)
    await insertBlock(fixture.database, { block: blockOf(rows.slice(0, 20)), token: `${name} 1` })
    await insertBlock(into(arrived), { block: blockOf(rows.slice(20)), token: `${name} 2` })
    await ingest(journal, name)
    assert.deepEqual(await counts(name), { records: 40, hourly: 40 })
  })
}

test('without a checkpoint nothing is counted again on a server either', async () => {
  const journal = new ListedJournal()
  for (let i = 0; i < 4; i++) journal.append(sampleLines(10, 800 + i))
  const rows = rowsOf(await (await journal.open(null)).next(1_000), 'server')
  await insertBlock(fixture.database, { block: blockOf(rows.slice(0, 20)), token: 'server-1-2' })
  await insertBlock(fixture.database, { block: blockOf(rows.slice(20)), token: 'server-3-4' })
  await ingest(journal, 'server', { ...fixture.database, remote: true })
  assert.deepEqual(await counts('server'), { records: 40, hourly: 40 })
})

/** Every way in which a death can leave an insert: which of the tables have which months. */
const halves: readonly { name: string; records: number[]; hourly: number[] }[] = [
  { name: 'nothing', records: [], hourly: [] },
  { name: 'the records', records: [202605, 202606, 202607], hourly: [] },
  { name: 'the roll-up', records: [], hourly: [202605, 202606, 202607] },
  { name: 'one month of each', records: [202605], hourly: [202607] },
  { name: 'everything', records: [202605, 202606, 202607], hourly: [202605, 202606, 202607] },
]
for (const { name, records, hourly } of halves) {
  test(`an insert of which ${name} arrived is made good`, async () => {
    const journalId = `half ${name}`
    const batch = batchOf(journalId, 40)
    await insertInto('usage', records)
    await insertInto('hourly_intake', hourly)
    await makeGood(fixture.database, batch)
    assert.deepEqual(await counts(journalId), { records: 40, hourly: 40 })
    assert.deepEqual(await makeGood(fixture.database, batch), { records: 0, hourlyRecords: 0 })

    async function insertInto(table: 'usage' | 'hourly_intake', months: readonly number[]): Promise<void> {
      const rows = batch.rows.filter((row) => months.includes(monthOf(row)))
      if (rows.length > 0) await insertBlock(into(table), { block: blockOf(rows), token: `${journalId} ${table}` })
    }
  })
}

/** What goes into the intake goes into one of its tables only. */
function into(table: 'usage' | 'hourly_intake'): UsageDatabase {
  const redirected = (target: InsertTarget): InsertTarget => ({
    ...target,
    table: target.table.replace('tollgate.usage_intake', `tollgate.${table}`),
  })
  return {
    ...fixture.database,
    insert: (target, block, queryId) => fixture.database.insert(redirected(target), block, queryId),
  }
}

test('the same token inserts nothing twice', async () => {
  const { rows, token } = batchOf('token', 30)
  await insertBlock(fixture.database, { block: blockOf(rows), token })
  await insertBlock(fixture.database, { block: blockOf(rows), token })
  assert.deepEqual(await counts('token'), { records: 30, hourly: 30 })
})

test('a store of a newer version, and one whose migrations were changed, are left alone', async () => {
  const changed = usageMigrations().map((migration) => ({ ...migration, digest: 'other' }))
  await assert.rejects(migrate(fixture.database, changed), rejected)
  await assert.rejects(migrate(fixture.database, []), rejected)
  await migrate(fixture.database)
})

function rejected(error: unknown): boolean {
  return error instanceof StoreFault && error.code === 'store_rejected'
}

function sampleLines(count: number, seed: number): string[] {
  return fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: count, seed }).map(encodeEntry)
}

function batchOf(journalId: string, count: number): IntakeBatch {
  const after = { segment: 's', offset: 0, blockNo: 9 }
  return { journalId, rows: rowsOf([blockOfLines(sampleLines(count, 3), after)], journalId), token: journalId }
}

function rowsOf(blocks: readonly JournalBlock[], journalId: string): UsageRow[] {
  const quarantine = new Quarantine(join(fixture.directory, 'none.jsonl'))
  const rows: UsageRow[] = []
  collectBlocks(blocks, { journalId, quarantine, take: (row) => rows.push(row) })
  return rows
}

async function ingest(journal: ListedJournal, name: string, through = fixture.database): Promise<IngestState> {
  const ingester = await fixture.ingester(journal.open, name, through)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
  return ingester.state()
}

async function counts(journalId: string): Promise<{ records: number; hourly: number }> {
  const [row] = await fixture.database.selectForWriter<{ records: string; hourly: string }>(
    `SELECT (SELECT count() FROM tollgate.usage WHERE journal_id = {journal:String}) AS records,
            (SELECT sum(requests) FROM tollgate.usage_hourly WHERE journal_id = {journal:String}) AS hourly`,
    { journal: journalId },
  )
  return { records: Number(row?.records), hourly: Number(row?.hourly) }
}
