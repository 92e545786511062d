import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { checkpointPath, writeCheckpoint } from '#store/ingest/checkpoint.ts'
import { readStoreId } from '#store/usage/facts.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'

const dayMs = 86_400_000
const nowMs = Date.now()
const range = { fromMs: nowMs - 40 * dayMs, toMs: nowMs }
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture()
})
after(() => fixture.close())

test('what goes in comes out, to the last decimal', async () => {
  const entries = sample(400)
  const journal = journalOf(entries)
  const ingester = await fixture.ingester(journal.open)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
  assert.equal(ingester.state().rows, entries.length)
  const { records } = await fixture.store.records({ range, filters: [], limit: 1000, after: null, order: 'oldest' })
  assert.equal(records.length, entries.length)
  const byId = new Map(records.map((record) => [record.values.call_id, record]))
  for (const entry of entries) {
    const record = byId.get(entry.call.callId)
    assert.ok(record)
    assert.equal(parseUsd(padded(record.values.cost_usd)), entry.cost.totalPicoUsd)
    assert.equal(parseUsd(padded(record.values.billing_amount)), entry.cost.billingPicoAmount)
    assert.equal(record.values.project, entry.call.payer.project.toWellFormed())
    assert.equal(record.values.error_message, entry.errorMessage.toWellFormed())
    assert.equal(record.timestampMs, entry.call.startedAtMs)
    assert.deepEqual(record.attempts, entry.attempts)
    assert.deepEqual(record.marks, entry.marks)
    assert.deepEqual(record.units, entry.units)
    assert.deepEqual(Object.entries(record.tags).sort(), wellFormedTags(entry))
  }
  assert.equal(await readStoreId(fixture.database), fixture.store.storeId)
})

test('a name of a tag with a slash comes out as it went in, whatever was read before', async () => {
  // After this V8 takes "app\/name" for that: see lib/json-names.ts.
  JSON.parse(String.raw`{"team":"x","app\\/nam":"y"}`)
  const [entry] = sample(1)
  assert.ok(entry !== undefined)
  const payer = { ...entry.call.payer, tags: { team: 'a', 'app/name': 'b' } }
  const journal = journalOf([{ ...entry, call: { ...entry.call, callId: 'slash', payer } }])
  const ingester = await fixture.ingester(journal.open, 'slashes')
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
  const { records } = await fixture.store.records({ range, filters: [], limit: 1000, after: null, order: 'oldest' })
  const record = records.find(({ values }) => values.call_id === 'slash')
  assert.deepEqual(record?.tags, { team: 'a', 'app/name': 'b' })
})

test('how far another store had come says nothing of this one: everything is brought in', async () => {
  const entries = sample(20).map((entry, n) => ({ ...entry, call: { ...entry.call, callId: `moved_${n}` } }))
  const journal = journalOf(entries)
  const directory = join(fixture.directory, 'moved')
  mkdirSync(directory)
  writeCheckpoint(checkpointPath(directory), {
    ...{ version: 1, storeId: randomUUID(), journalId: 'moved', intent: null },
    position: { segment: 'listed', offset: 2, blockNo: 2 },
  })
  const ingester = await fixture.ingester(journal.open, 'moved')
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
  assert.equal(ingester.state().rows, entries.length)
})

function sample(count: number): SettleEntry[] {
  return fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: count, seed: 7 })
}

function journalOf(entries: readonly SettleEntry[]): ListedJournal {
  const journal = new ListedJournal()
  for (let i = 0; i < entries.length; i += 7) journal.append(entries.slice(i, i + 7).map(encodeEntry))
  return journal
}

function wellFormedTags(entry: SettleEntry): [string, string][] {
  return Object.entries(entry.call.payer.tags)
    .map(([name, value]): [string, string] => [name, value.toWellFormed()])
    .sort()
}

function padded(value: unknown): string {
  const [whole = '0', fraction = ''] = String(value).split('.')
  return `${whole}.${fraction.padEnd(12, '0')}`
}
