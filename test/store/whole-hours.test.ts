import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { encodeEntry } from '#core/ledger/codec.ts'
import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { GroupKey, RecordFilter, Sums, SumsQuestion, TimeRange } from '#core/ledger/questions.ts'
import type { UsageDatabase } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'
import { askSums } from '#store/usage/sums.ts'
import { worthwhileHours } from '#store/usage/whole-hours.ts'
import { settleEntries } from './entries.ts'
import { type StoreFixture, storeFixture } from './fixture.ts'
import { ListedJournal } from './listed-journal.ts'
import { naiveSums, rankOf } from './naive-sums.ts'

const hourMs = 3_600_000
/** Lord Howe's clocks change in it, by half an hour, and New York's by a whole one. */
const span = { fromMs: Date.UTC(2026, 2, 6), toMs: Date.UTC(2026, 3, 6) }
/** A second half of the records lies close together, so that hours have several. */
const dense = { fromMs: Date.UTC(2026, 2, 8, 2), toMs: Date.UTC(2026, 2, 8, 12) }
const entries = [span, dense].flatMap(({ fromMs, toMs }, seed) =>
  fc.sample(settleEntries(fromMs, toMs), { numRuns: 400, seed }),
)
const all = Number.NEGATIVE_INFINITY
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(100_000)
  const journal = new ListedJournal()
  for (let i = 0; i < entries.length; i += 100) journal.append(entries.slice(i, i + 100).map(encodeEntry))
  const ingester = await fixture.ingester(journal.open)
  ingester.start()
  await ingester.caughtUp()
  await ingester.stop()
})
after(() => fixture.close())

const moment = fc.oneof(
  ...[span, dense].map(({ fromMs, toMs }) => fc.integer({ min: fromMs - hourMs, max: toMs + hourMs })),
  fc.integer({ min: 0, max: 30 }).map((hours) => dense.fromMs - 10 * hourMs + hours * hourMs),
  // Just before, at and just after a record.
  fc.tuple(fc.constantFrom(...entries), fc.integer({ min: -1, max: 1 })).map(([{ call }, by]) => call.startedAtMs + by),
)
const ranges = fc.tuple(moment, moment).map(([a, b]): TimeRange => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }))
const group = fc.constantFrom<GroupKey>(
  { bucket: 'hour' },
  { bucket: 'day' },
  { bucket: 'week' },
  { bucket: 'month' },
  { field: 'project' },
  { field: 'status_code' },
)
const filter = fc.constantFrom<RecordFilter>(
  { on: { field: 'department' }, test: 'equals', values: ['engineering', ''] },
  { on: { field: 'project' }, test: 'differs', values: ["o'neill", 'a\\b'] },
  { on: { field: 'status_code' }, test: 'from', values: ['429'] },
)
const questions = fc.record<SumsQuestion>({
  range: ranges,
  groupBy: fc.uniqueArray(group, { maxLength: 2 }),
  filters: fc.uniqueArray(filter, { maxLength: 1 }),
  timezone: fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'Australia/Adelaide',
    'Australia/Lord_Howe',
  ),
  percentiles: fc.boolean(),
  maxRows: fc.constant(10_000),
})

test('whole hours from the roll-ups and the rest from records come to what records come to', async () => {
  let combined = 0
  await fc.assert(
    fc.asyncProperty(questions, async (question) => {
      const hours = await worthwhileHours(fixture.database, question, all)
      if (hours === null) return
      combined += 1
      const fromBoth = await askSums(fixture.database, question, { source: { hours }, incompleteBeforeMs: null })
      const fromRecords = await askSums(fixture.database, question, { source: 'records', incompleteBeforeMs: null })
      assert.equal(fromBoth.basis, 'records')
      assert.deepEqual(fromBoth.rows.map(exact), fromRecords.rows.map(exact))
      for (const [index, { sums }] of fromBoth.rows.entries()) checkMean(sums, fromRecords.rows[index]?.sums)
      checkMean(fromBoth.total, fromRecords.total)
      const asked = within(question.range)
      if (question.filters.length > 0) return
      const { latencyMs, ...total } = fromBoth.total
      assert.deepEqual(total, naiveSums(asked))
      assert.equal(latencyMs?.percentiles != null, question.percentiles && latencyMs !== null)
      if (question.percentiles) checkPercentiles(latencyMs?.percentiles, asked)
    }),
    { numRuns: 150, seed: 5 },
  )
  assert.ok(combined > 75, `${combined} questions had whole hours`)
})

/** Which hours of a range come from the roll-ups, however few records that saves. */
async function hoursOf(range: TimeRange, question: Partial<SumsQuestion> = {}): Promise<TimeRange | null> {
  const whole = { range, groupBy: [], filters: [], timezone: 'UTC', percentiles: false, maxRows: 10, ...question }
  return await worthwhileHours(fixture.database, whole, all)
}

test('the hour in which a range ends is whole where no record lies behind the end in it', async () => {
  const last = entries.map(({ call }) => call.startedAtMs).reduce((a, b) => Math.max(a, b))
  const fromMs = dense.fromMs
  const beginMs = last - (last % hourMs)
  assert.ok(last > beginMs)
  assert.deepEqual(await hoursOf({ fromMs, toMs: last + 1 }), { fromMs, toMs: beginMs + hourMs })
  assert.deepEqual(await hoursOf({ fromMs, toMs: last }), { fromMs, toMs: beginMs })
  assert.deepEqual(await hoursOf({ fromMs: beginMs, toMs: last + 1 }), { fromMs: beginMs, toMs: beginMs + hourMs })
  assert.equal(await hoursOf({ fromMs: beginMs, toMs: last }), null)
})

test('a range without a whole hour has none from the roll-ups', async () => {
  const { fromMs } = dense
  assert.equal(await hoursOf({ fromMs: fromMs + 1, toMs: fromMs + hourMs }), null)
  assert.equal(await hoursOf({ fromMs: fromMs + 1, toMs: fromMs + hourMs - 1 }), null)
  assert.equal(await hoursOf({ fromMs, toMs: fromMs }), null)
  const next = { fromMs: fromMs + hourMs, toMs: fromMs + 2 * hourMs }
  assert.deepEqual(await hoursOf({ fromMs: fromMs + 1, toMs: next.toMs }), next)
})

test('buckets in zones that are not whole hours from UTC are cut from records, other groups are not', async () => {
  const groupBy = [{ bucket: 'month' }] as const
  for (const timezone of ['Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Adelaide', 'Australia/Lord_Howe']) {
    assert.equal(await hoursOf(span, { timezone, groupBy }), null, timezone)
    assert.deepEqual(await hoursOf(span, { timezone, groupBy: [{ field: 'model' }] }), span)
  }
  // Half an hour away from whole hours only in winter, which begins in April there.
  assert.deepEqual(await hoursOf(dense, { timezone: 'Australia/Lord_Howe', groupBy }), dense)
  for (const timezone of ['America/New_York', 'Europe/Berlin']) {
    assert.deepEqual(await hoursOf(span, { timezone, groupBy }), span)
  }
})

test('the store asks the roll-ups where they save records enough, and a report has what was just ingested', async () => {
  const statements: string[] = []
  const database: UsageDatabase = {
    ...fixture.database,
    select: (sql, parameters) => {
      statements.push(sql)
      return fixture.database.select(sql, parameters)
    },
  }
  let nowMs = span.toMs
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs }
  const store = await openUsageStore(database, { recordsDays: 100_000, clock })
  const question = {
    range: span,
    groupBy: [{ bucket: 'day' }],
    filters: [],
    timezone: 'UTC',
    percentiles: false,
    maxRows: 100,
  } as const
  const few = await store.sums(question)
  assert.equal(few.total.requests, String(entries.length))
  assert.ok(!statements.some((sql) => sql.includes('usage_hourly')))

  const many = 210_000
  await fixture.database.command(
    `INSERT INTO tollgate.usage_intake (timestamp, call_id, cost_usd, latency_ms)
     SELECT fromUnixTimestamp64Milli(toInt64(${dense.fromMs} + number), 'UTC'), toString(number), 0.000000000001, 5
     FROM numbers(${many})`,
  )
  nowMs += 60_000
  const answer = await store.sums(question)
  assert.ok(statements.some((sql) => sql.includes('sum(requests) AS p_requests')))
  assert.equal(answer.basis, 'records')
  assert.equal(answer.incompleteBeforeMs, null)
  assert.equal(answer.total.requests, String(entries.length + many))
  const records = await askSums(fixture.database, question, { source: 'records', incompleteBeforeMs: null })
  assert.deepEqual(answer.rows.map(exact), records.rows.map(exact))
})

function within({ fromMs, toMs }: TimeRange): SettleEntry[] {
  return entries.filter(({ call }) => call.startedAtMs >= fromMs && call.startedAtMs < toMs)
}

function exact({ group: of, sums }: { group: readonly string[]; sums: Sums }) {
  const { latencyMs, ...rest } = sums
  return { of, ...rest, timed: latencyMs !== null }
}

function checkMean(actual: Sums, expected: Sums | undefined): void {
  assert.equal(actual.latencyMs === null, expected?.latencyMs === null)
  if (actual.latencyMs === null || !expected?.latencyMs) return
  assert.ok(Math.abs(actual.latencyMs.mean - expected.latencyMs.mean) < 1e-6)
}

type Percentiles = NonNullable<Sums['latencyMs']>['percentiles'] | undefined

function checkPercentiles(found: Percentiles, asked: readonly SettleEntry[]): void {
  const latencies = asked.filter(({ marks }) => !marks.includes(externalMark)).map(({ latencyMs }) => latencyMs)
  if (!found || latencies.length === 0) return assert.equal(!found, latencies.length === 0)
  for (const [value, share] of [
    [found.p50, 0.5],
    [found.p95, 0.95],
    [found.p99, 0.99],
  ] as const) {
    const rank = rankOf(value, latencies)
    assert.ok(Math.abs(rank - share) <= 0.01 + 1.5 / latencies.length, `${value} ranks ${rank} of ${latencies.length}`)
  }
}
