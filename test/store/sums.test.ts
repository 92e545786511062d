import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { GroupKey, RecordFilter, SumsAnswer } from '#core/ledger/questions.ts'
import { askSums } from '#store/usage/sums.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'
import { naiveSums, rankOf } from './naive-sums.ts'

const dayMs = 86_400_000
// Both changes of the clocks of 2026 in Berlin are in it.
const range = { fromMs: Date.UTC(2026, 2, 1), toMs: Date.UTC(2026, 10, 1) }
const entries = fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: 600, seed: 11 })
const isExternal = ({ marks }: SettleEntry): boolean => marks.includes(externalMark)
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(100_000)
  const journal = new ListedJournal()
  for (let i = 0; i < entries.length; i += 150) journal.append(entries.slice(i, i + 150).map(encodeEntry))
  const ingester = await fixture.ingester(journal.open)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
})
after(() => fixture.close())

const timezone = 'Europe/Berlin'
const question = { range, timezone, percentiles: true, maxRows: 10_000, groupBy: [], filters: [] }

function ask(basis: SumsAnswer['basis'], groupBy: readonly GroupKey[], filters: readonly RecordFilter[] = []) {
  const asked = { ...question, groupBy, filters }
  return askSums(fixture.database, asked, { source: basis, incompleteBeforeMs: null })
}

const groupings: readonly { by: GroupKey; of: (entry: SettleEntry) => string }[] = [
  { by: { field: 'department' }, of: (entry) => entry.call.payer.department },
  { by: { field: 'model' }, of: (entry) => entry.call.modelRouted },
  { by: { field: 'status_code' }, of: (entry) => String(entry.statusCode) },
  { by: { field: 'outcome' }, of: (entry) => entry.outcome },
  { by: { bucket: 'day' }, of: (entry) => local(entry).toPlainDate().toString() },
  { by: { bucket: 'week' }, of: (entry) => monday(local(entry).toPlainDate()).toString() },
  { by: { bucket: 'month' }, of: (entry) => local(entry).toPlainDate().with({ day: 1 }).toString() },
  { by: { bucket: 'hour' }, of: (entry) => String(hourOf(local(entry))) },
]

for (const basis of ['records', 'hourly'] as const) {
  test(`sums from ${basis} equal a plain addition, by every group and in total`, async () => {
    for (const { by, of } of groupings) {
      const answer = await ask(basis, [by])
      const expected = Map.groupBy(entries, of)
      assert.equal(answer.rows.length, expected.size, JSON.stringify(by))
      for (const row of answer.rows) {
        const { latencyMs, ...sums } = row.sums
        const group = expected.get(row.group[0] ?? '') ?? []
        assert.equal(latencyMs === null, group.every(isExternal), `${JSON.stringify(by)} ${row.group}`)
        assert.deepEqual(sums, naiveSums(group), `${JSON.stringify(by)} ${row.group}`)
      }
      const { latencyMs, ...total } = answer.total
      assert.ok(latencyMs)
      assert.deepEqual(total, naiveSums(entries))
    }
  })

  test(`means and percentiles from ${basis} stay right over merged groups, without what was metered elsewhere`, async () => {
    const { total } = await ask(basis, [{ field: 'department' }])
    const latencies = entries.filter((entry) => !isExternal(entry)).map((entry) => entry.latencyMs)
    assert.ok(latencies.length < entries.length)
    assert.ok(total.latencyMs?.percentiles)
    const mean = latencies.reduce((sum, value) => sum + value, 0) / latencies.length
    assert.ok(Math.abs(total.latencyMs.mean - mean) < 1e-6)
    for (const [value, share] of [
      [total.latencyMs.percentiles.p50, 0.5],
      [total.latencyMs.percentiles.p95, 0.95],
      [total.latencyMs.percentiles.p99, 0.99],
    ] as const) {
      assert.ok(Math.abs(rankOf(value, latencies) - share) < 0.01, `${value} ranks ${rankOf(value, latencies)}`)
    }
  })
}

const filterings: readonly { filter: RecordFilter; keeps: (entry: SettleEntry) => boolean }[] = [
  {
    filter: { on: { field: 'department' }, test: 'equals', values: ['sales', ''] },
    keeps: ({ call }) => call.payer.department !== 'engineering',
  },
  {
    filter: { on: { field: 'project' }, test: 'equals', values: ["o'neill"] },
    keeps: ({ call }) => call.payer.project === "o'neill",
  },
  {
    filter: { on: { field: 'error_message' }, test: 'differs', values: ['a\\b', 'tab\tnew\nline'] },
    keeps: ({ errorMessage }) => !['a\\b', 'tab\tnew\nline'].includes(errorMessage),
  },
  {
    filter: { on: { tag: 'team' }, test: 'equals', values: ['engineering'] },
    keeps: ({ call }) => call.payer.tags['team'] === 'engineering',
  },
  { filter: { on: { field: 'stream' }, test: 'equals', values: ['true'] }, keeps: ({ call }) => call.stream },
  {
    filter: { on: { field: 'status_code' }, test: 'from', values: ['429'] },
    keeps: ({ statusCode }) => statusCode >= 429,
  },
  {
    filter: { on: { field: 'cost_usd' }, test: 'over', values: ['250000000.000000000001'] },
    keeps: ({ cost }) => cost.totalPicoUsd > 250_000_000_000_000_000_001n,
  },
  {
    filter: { on: { field: 'latency_ms' }, test: 'under', values: ['1e5'] },
    keeps: ({ latencyMs }) => latencyMs < 1e5,
  },
]

test('filters keep what they name', async () => {
  for (const { filter, keeps } of filterings) {
    const answer = await ask('records', [], [filter])
    const kept = entries.filter(keeps)
    const { latencyMs, ...total } = answer.total
    assert.equal(latencyMs === null, kept.every(isExternal))
    assert.deepEqual(total, naiveSums(kept), JSON.stringify(filter))
    assert.ok(kept.length < entries.length)
  }
})

test('the row limit cuts rows, never the total', async () => {
  const answer = await askSums(
    fixture.database,
    { ...question, groupBy: [{ bucket: 'day' }, { field: 'endpoint' }], maxRows: 5 },
    { source: 'records', incompleteBeforeMs: null },
  )
  assert.equal(answer.rows.length, 5)
  assert.equal(answer.truncated, true)
  assert.equal(answer.total.costUsd, naiveSums(entries).costUsd)
})

test('nothing adds up to zero, without a latency', async () => {
  const empty = { ...question, range: { fromMs: 0, toMs: dayMs } }
  for (const groupBy of [[], [{ field: 'model' }]] as const) {
    const answer = await askSums(
      fixture.database,
      { ...empty, groupBy },
      { source: 'records', incompleteBeforeMs: null },
    )
    assert.deepEqual(answer.rows, [])
    assert.deepEqual(answer.total, { ...naiveSums([]), latencyMs: null })
  }
})

function local(entry: SettleEntry): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(entry.call.startedAtMs).toZonedDateTimeISO(timezone)
}

function monday(date: Temporal.PlainDate): Temporal.PlainDate {
  return date.subtract({ days: date.dayOfWeek - 1 })
}

function hourOf(time: Temporal.ZonedDateTime): number {
  return time.round({ smallestUnit: 'hour', roundingMode: 'floor' }).epochMilliseconds / 1000
}
