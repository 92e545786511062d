import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { windowAt } from '#core/budget/windows.ts'
import type { GroupKey, SumsAnswer, TimeBucket } from '#core/ledger/questions.ts'
import { askSums } from '#store/usage/sums.ts'
import { isOverServer, type StoreFixture, storeFixture } from './fixture.ts'

const hourMs = 3_600_000
const known = ['UTC', '+02:00', '-05:45', ...Intl.supportedValuesOf('timeZone')]
const range = { fromMs: Date.UTC(2023, 0, 1), toMs: Date.UTC(2031, 0, 1) }
/** Every change of any clock within these years, some of them announced a few months before. */
const changes = new Set(known.flatMap((zone) => changesOf(zone, Date.UTC(2025, 6, 1), Date.UTC(2027, 6, 1))))
const moments = [
  ...fc.sample(fc.integer({ min: range.fromMs, max: range.toMs - 1 }), { numRuns: 200, seed: 26 }),
  ...[...changes].flatMap(momentsAbout),
]
/** One of all those whose clocks show the same at every moment. */
const zones = [...Map.groupBy(known, (zone) => moments.map((ms) => shownAt(zone, ms).offset).join()).values()].map(
  ([zone = '']) => zone,
)
/** The engine of a server is the same; what there is to prove is that it is asked the same. */
const asked = isOverServer() ? zones.filter((_, index) => index % 8 === 0) : zones
const buckets: readonly TimeBucket[] = ['hour', 'day', 'week', 'month']
/** Of zones that change their clocks then, all moments about it are looked at; of the others it is a day like any. */
const someMoments = moments.slice(0, 60)
let fixture: StoreFixture

before(async () => {
  fixture = await storeFixture(100_000)
  await fixture.database.command(
    `INSERT INTO tollgate.usage_intake (timestamp, call_id)
     SELECT fromUnixTimestamp64Milli(arrayJoin({moments:Array(Int64)}), 'UTC'), toString(rowNumberInAllBlocks())`,
    { moments: `[${moments.join(',')}]` },
  )
})
after(() => fixture.close())

test('records lie in the hours, days, weeks and months of every time zone that this process knows', async () => {
  assert.ok(known.length > 400 && zones.length > 50 && changes.size > 20, `${zones.length} ${changes.size}`)
  for (const zone of asked) {
    const rows = await counted('records', zone, range)
    assert.deepEqual(rows, expected(zone, moments), zone)
  }
})

test('hourly sums lie where their hours begin, in time zones of all offsets', async () => {
  const hours = moments.map((ms) => Math.floor(ms / hourMs) * hourMs)
  // The rule is that of records; what may differ is where an hour begins that does not begin on a full one.
  const some = asked.filter((zone, index) => index % 4 === 0 || !isInFullHours(zone))
  for (const zone of some) assert.deepEqual(await counted('hourly', zone, range), expected(zone, hours), zone)
})

test('a range that begins or ends anywhere has the same buckets', async () => {
  const from = fc.constantFrom(...moments)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...asked), from, fc.integer({ min: 1, max: 20_000 }), async (zone, at, hours) => {
      const part = { fromMs: at, toMs: at + hours * hourMs }
      const within = moments.filter((ms) => ms >= part.fromMs && ms < part.toMs)
      assert.deepEqual(await counted('records', zone, part), expected(zone, within))
    }),
    { numRuns: isOverServer() ? 20 : 100, seed: 7 },
  )
})

test("a report's days, weeks, months and hours are those of budgets", () => {
  for (const zone of asked) {
    for (const ms of [...someMoments, ...aroundChanges(zone)]) {
      const [hour, ...dates] = bucketsOf(zone, ms)
      assert.equal(Number(hour) * 1000, windowAt('hour', zone, 1, ms).startMs, `${zone} ${ms}`)
      for (const [index, window] of (['day', 'week', 'month'] as const).entries()) {
        const begins = Temporal.PlainDate.from(dates[index] ?? '').toZonedDateTime(zone)
        assert.equal(begins.epochMilliseconds, windowAt(window, zone, 1, ms).startMs, `${zone} ${window} ${ms}`)
      }
    }
  }
})

async function counted(source: SumsAnswer['basis'], timezone: string, within: typeof range) {
  const groupBy = buckets.map((bucket): GroupKey => ({ bucket }))
  const question = { range: within, groupBy, filters: [], timezone, percentiles: false, maxRows: 100_000 }
  const { rows } = await askSums(fixture.database, question, { source, incompleteBeforeMs: null })
  return new Map(rows.map(({ group, sums }) => [group.join(' '), Number(sums.requests)]))
}

function expected(zone: string, times: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const ms of times) {
    const group = bucketsOf(zone, ms).join(' ')
    counts.set(group, (counts.get(group) ?? 0) + 1)
  }
  return counts
}

/** Plainly: the hour begins on the full hour that the clock shows or, where it was changed since, at that change. */
function bucketsOf(zone: string, ms: number): string[] {
  const shown = shownAt(zone, ms)
  const date = shown.toPlainDate()
  const intoHourMs = (shown.minute * 60 + shown.second) * 1000 + shown.millisecond
  const changed = shown.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? 0
  return [
    String(Math.max(ms - intoHourMs, changed) / 1000),
    date.toString(),
    date.subtract({ days: date.dayOfWeek - 1 }).toString(),
    date.with({ day: 1 }).toString(),
  ]
}

function changesOf(zone: string, fromMs: number, toMs: number): number[] {
  const found: number[] = []
  let at = shownAt(zone, fromMs).getTimeZoneTransition('next')
  for (; at !== null && at.epochMilliseconds < toMs; at = at.getTimeZoneTransition('next'))
    found.push(at.epochMilliseconds)
  return found
}

function isInFullHours(zone: string): boolean {
  return moments.every((ms) => shownAt(zone, ms).offsetNanoseconds % (hourMs * 1_000_000) === 0)
}

function aroundChanges(zone: string): number[] {
  const own = changesOf(zone, Date.UTC(2025, 6, 1), Date.UTC(2027, 6, 1))
  return own.flatMap(momentsAbout)
}

function momentsAbout(changeMs: number): number[] {
  return [-hourMs, -1, 0, hourMs / 2 - 1, hourMs / 2, hourMs].map((offsetMs) => changeMs + offsetMs)
}

function shownAt(zone: string, ms: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)
}
