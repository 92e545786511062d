import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BudgetWindow, budgetWindows } from './budget.ts'
import { windowAt } from './windows.ts'

const hourMs = 3_600_000

interface Case {
  readonly window: BudgetWindow
  readonly zone: string
  readonly at: string
  readonly from: string
  readonly hours: number
  readonly day?: number
}

const cases: Readonly<Record<string, Case>> = {
  'a plain day': { window: 'day', zone: 'UTC', at: '2026-03-05T23:59:59.999Z', from: '2026-03-05T00:00Z', hours: 24 },
  'the first instant belongs to its day': {
    window: 'day',
    zone: 'Europe/Berlin',
    at: '2026-03-05T00:00+01:00',
    from: '2026-03-05T00:00+01:00',
    hours: 24,
  },
  'a day of 23 hours': {
    window: 'day',
    zone: 'Europe/Berlin',
    at: '2026-03-29T12:00Z',
    from: '2026-03-29T00:00+01:00',
    hours: 23,
  },
  'a day of 25 hours': {
    window: 'day',
    zone: 'Europe/Berlin',
    at: '2026-10-25T12:00Z',
    from: '2026-10-25T00:00+02:00',
    hours: 25,
  },
  'a day without a midnight': {
    window: 'day',
    zone: 'America/Sao_Paulo',
    at: '2018-11-04T12:00Z',
    from: '2018-11-04T01:00-02:00',
    hours: 23,
  },
  'what is shown again of the day before, after its end': {
    window: 'day',
    zone: 'America/Goose_Bay',
    // At one past midnight the clock went back to 23:01 of the 6th; the 7th had begun a minute ago.
    at: '2010-11-06T23:30-04:00',
    from: '2010-11-07T00:00-03:00',
    hours: 25,
  },
  'the day before a day that was left out': {
    window: 'day',
    zone: 'Pacific/Apia',
    at: '2011-12-29T20:00-10:00',
    from: '2011-12-29T00:00-10:00',
    hours: 24,
  },
  'a week begins on Monday': {
    window: 'week',
    zone: 'Asia/Ho_Chi_Minh',
    at: '2026-11-22T16:00Z',
    from: '2026-11-16T00:00+07:00',
    hours: 168,
  },
  'a week with a change of the clock': {
    window: 'week',
    zone: 'America/New_York',
    at: '2026-03-08T12:00Z',
    from: '2026-03-02T00:00-05:00',
    hours: 167,
  },
  'a month': {
    window: 'month',
    zone: 'Europe/Berlin',
    at: '2026-03-31T21:59:59Z',
    from: '2026-03-01T00:00+01:00',
    hours: 31 * 24 - 1,
  },
  'a fiscal month, before its day': {
    window: 'month',
    zone: 'UTC',
    day: 15,
    at: '2026-03-14T23:59Z',
    from: '2026-02-15T00:00Z',
    hours: 28 * 24,
  },
  'a fiscal month, on its day': {
    window: 'month',
    zone: 'UTC',
    day: 15,
    at: '2026-03-15T00:00Z',
    from: '2026-03-15T00:00Z',
    hours: 31 * 24,
  },
  'a fiscal month over the end of the year': {
    window: 'month',
    zone: 'UTC',
    day: 28,
    at: '2026-01-02T00:00Z',
    from: '2025-12-28T00:00Z',
    hours: 31 * 24,
  },
  'an hour of a zone half an hour off': {
    window: 'hour',
    zone: 'Asia/Kolkata',
    at: '2026-03-05T10:29Z',
    from: '2026-03-05T09:30Z',
    hours: 1,
  },
  'an hour that is shown twice, first': {
    window: 'hour',
    zone: 'Europe/Berlin',
    at: '2026-10-25T00:30Z',
    from: '2026-10-25T02:00+02:00',
    hours: 1,
  },
  'an hour that is shown twice, then': {
    window: 'hour',
    zone: 'Europe/Berlin',
    at: '2026-10-25T01:30Z',
    from: '2026-10-25T02:00+01:00',
    hours: 1,
  },
  'an hour after the clock went back by half of one': {
    window: 'hour',
    zone: 'Australia/Lord_Howe',
    at: '2026-04-05T01:45+10:30',
    from: '2026-04-05T01:30+10:30',
    hours: 0.5,
  },
  'an hour after the clock went on by half of one': {
    window: 'hour',
    zone: 'Australia/Lord_Howe',
    at: '2026-10-04T02:45+11:00',
    from: '2026-10-04T02:30+11:00',
    hours: 0.5,
  },
  'a minute': {
    window: 'minute',
    zone: 'Asia/Kathmandu',
    at: '2026-03-05T10:29:59.999Z',
    from: '2026-03-05T10:29Z',
    hours: 1 / 60,
  },
}

for (const [name, { window, zone, at, from, hours, day }] of Object.entries(cases)) {
  test(`the window of ${name}`, () => {
    const startMs = Date.parse(from)
    assert.deepEqual(windowAt(window, zone, day ?? 1, Date.parse(at)), { startMs, endMs: startMs + hours * hourMs })
  })
}

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'America/St_Johns', 'America/Goose_Bay', 'Pacific/Apia']
const oddZones = [
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Cairo',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  '+05:45',
]

/** Any instant of 1990 to 2060, every other one close to a change of the zone's clock. */
const instants = fc.tuple(
  fc.constantFrom(...zones, ...oddZones),
  fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2060, 0) }),
  fc.option(fc.integer({ min: -2 * hourMs, max: 2 * hourMs })),
)

test('windows cover all of time without gap or overlap', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...budgetWindows),
      instants,
      fc.integer({ min: 1, max: 28 }),
      (window, [zone, anyMs, nearMs], day) => {
        const change = Temporal.Instant.fromEpochMilliseconds(anyMs)
          .toZonedDateTimeISO(zone)
          .getTimeZoneTransition('next')
        const atMs = nearMs === null || change === null ? anyMs : change.epochMilliseconds + nearMs
        const at = (ms: number) => windowAt(window, zone, day, ms)
        const found = at(atMs)
        assert.ok(found.startMs <= atMs && atMs < found.endMs, 'it lies in its window')
        assert.deepEqual(at(found.startMs), found, 'so does the first instant')
        assert.deepEqual(at(found.endMs - 1), found, 'and the last')
        assert.equal(at(found.endMs).startMs, found.endMs, 'the next follows at once')
        assert.equal(at(found.startMs - 1).endMs, found.startMs, 'and the one before ends at its start')
      },
    ),
    { numRuns: 4000 },
  )
})

test('an unknown zone is an error, not a guess', () => {
  assert.throws(() => windowAt('day', 'Europe/Atlantis', 1, 0), RangeError)
})
