import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { TimeBucket } from '#core/ledger/questions.ts'
import { askSums } from '#store/usage/sums.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'
import { naiveSums } from './naive-sums.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
// A minute before a month ends.
const firstMs = Date.UTC(2026, 5, 30, 23, 59)
const seed = 20
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(100_000)
})
after(() => fixture.close())

/** How far the clock goes from one call to the next: mostly a little, at times back or ahead by days and months. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -5 * hourMs, max: 5 * hourMs }) },
  { weight: 1, arbitrary: fc.constantFrom(-70 * dayMs, -dayMs, dayMs, 70 * dayMs) },
)

test('calls whose clock jumped are in the day and month that they began in, once each', async () => {
  const entries = jumping(400)
  const journal = new ListedJournal()
  for (let i = 0; i < entries.length; i += 8) {
    journal.append(entries.slice(i, i + 8).map(encodeEntry))
    if (i % 56 === 0) await ingest(journal)
  }
  await ingest(journal)
  // All of it once more, as after the loss of the checkpoint: what is there is found again, whatever its month.
  rmSync(join(fixture.directory, 'ingest'), { recursive: true })
  await ingest(journal)
  for (const basis of ['records', 'hourly'] as const) {
    for (const bucket of ['day', 'month'] as const) await checkBuckets(entries, basis, bucket)
  }
})

function jumping(count: number): SettleEntry[] {
  const templates = fc.sample(settleEntries(firstMs, firstMs + 1), { numRuns: count, seed })
  let nowMs = firstMs
  return fc.sample(step, { numRuns: count, seed }).map((byMs, index) => {
    nowMs += byMs
    const template = templates[index]
    assert.ok(template)
    return { ...template, call: { ...template.call, startedAtMs: nowMs }, endedAtMs: nowMs + template.latencyMs }
  })
}

async function ingest(journal: ListedJournal): Promise<void> {
  const ingester = await fixture.ingester(journal.open)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
}

async function checkBuckets(entries: readonly SettleEntry[], basis: 'records' | 'hourly', bucket: TimeBucket) {
  const range = { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2035, 0) }
  const question = { range, groupBy: [{ bucket }], filters: [], timezone: 'UTC', percentiles: true, maxRows: 10_000 }
  const answer = await askSums(fixture.database, question, { source: basis, incompleteBeforeMs: null })
  const expected = Map.groupBy(entries, ({ call }) => {
    const date = new Date(call.startedAtMs).toISOString()
    return bucket === 'day' ? date.slice(0, 10) : `${date.slice(0, 7)}-01`
  })
  assert.ok(expected.size > 3)
  assert.deepEqual(answer.rows.map((row) => row.group[0]).sort(), [...expected.keys()].sort())
  for (const { group, sums } of answer.rows) {
    const { latencyMs, ...rest } = sums
    const calls = expected.get(group[0] ?? '') ?? []
    // What was metered elsewhere took no time here.
    if (calls.every(({ marks }) => marks.includes(externalMark))) assert.equal(latencyMs, null)
    else assert.ok(latencyMs !== null && latencyMs.mean >= 0)
    assert.deepEqual(rest, naiveSums(calls), `${basis} ${group[0]}`)
  }
}
