import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ParameterFault } from './fault.ts'
import { checkTimezone, parseDuration, parseRange, parseTime, startOfDayBefore, zonedText } from './times.ts'

const times: readonly [text: string, timezone: string, instant: string][] = [
  ['2026-01-31', 'UTC', '2026-01-31T00:00:00Z'],
  ['2026-01-31', 'Europe/Berlin', '2026-01-30T23:00:00Z'],
  ['2026-07-31', 'Europe/Berlin', '2026-07-30T22:00:00Z'],
  ['2026-07', 'Asia/Kolkata', '2026-06-30T18:30:00Z'],
  ['2026-01-31T12:00:00', 'Europe/Berlin', '2026-01-31T11:00:00Z'],
  ['2026-01-31T12:00:00Z', 'Europe/Berlin', '2026-01-31T12:00:00Z'],
  ['2026-01-31T12:00:00+02:00', 'UTC', '2026-01-31T10:00:00Z'],
  ['2026-01-31T12:00:00 02:00', 'UTC', '2026-01-31T10:00:00Z'],
  ['2026-01-31T12:00:00.123456Z', 'UTC', '2026-01-31T12:00:00.123Z'],
  ['2026-01-31 12:00:00.123', 'UTC', '2026-01-31T12:00:00.123Z'],
  ['2026-01-31 12:00', 'Europe/Berlin', '2026-01-31T11:00:00Z'],
  ['2026-01-31 12:00:00+02:00', 'UTC', '2026-01-31T10:00:00Z'],
  // The hour that the change of the clocks leaves out, and the one it repeats.
  ['2026-03-29T02:30:00', 'Europe/Berlin', '2026-03-29T01:30:00Z'],
  ['2026-10-25T02:30:00', 'Europe/Berlin', '2026-10-25T00:30:00Z'],
  // A day that does not begin at midnight.
  ['2026-09-06', 'America/Santiago', '2026-09-06T04:00:00Z'],
]
for (const [text, timezone, instant] of times) {
  test(`${text} in ${timezone} is ${instant}`, () => {
    assert.equal(parseTime('from', text, timezone), Date.parse(instant))
  })
}

for (const text of [
  '',
  'yesterday',
  '2026-02-30',
  '2026-13',
  '2026-01-31T25:00:00Z',
  '2026-01-31 noon',
  '1767225600000',
]) {
  test(`${JSON.stringify(text)} is no time`, () => {
    assert.throws(() => parseTime('from', text, 'UTC'), ParameterFault)
  })
}

test('a range is the current month by default, in its time zone', () => {
  const nowMs = Date.parse('2026-03-31T22:30:00Z')
  assert.deepEqual(parseRange({}, { timezone: 'UTC', nowMs }), { fromMs: Date.parse('2026-03-01'), toMs: nowMs + 1 })
  assert.equal(parseRange({}, { timezone: 'Europe/Berlin', nowMs }).fromMs, Date.parse('2026-03-31T22:00:00Z'))
  const end = parseRange({ to: '2026-03-01' }, { timezone: 'UTC', nowMs })
  assert.equal(end.fromMs, Date.parse('2026-02-01'))
})

test('a length counts back from the end, and goes without a start', () => {
  const nowMs = Date.parse('2026-03-31T22:30:00Z')
  const range = parseRange({ range: '7d', to: '2026-03-08' }, { timezone: 'UTC', nowMs })
  assert.deepEqual(range, { fromMs: Date.parse('2026-03-01'), toMs: Date.parse('2026-03-08') })
  assert.throws(() => parseRange({ range: '7d', from: '2026-03-08' }, { timezone: 'UTC', nowMs }), ParameterFault)
  assert.throws(() => parseRange({ from: '2026-03-09', to: '2026-03-08' }, { timezone: 'UTC', nowMs }), ParameterFault)
})

for (const text of ['7', 'd', '-1d', '0d', '7 days', '1000000d', '1.5h']) {
  test(`${JSON.stringify(text)} is no length`, () => {
    assert.throws(() => parseDuration('range', text), ParameterFault)
  })
}

test('time zones are known by their IANA names only', () => {
  assert.equal(checkTimezone('Europe/Berlin'), 'Europe/Berlin')
  assert.throws(() => checkTimezone('Mars/Olympus'), ParameterFault)
})

test('times are shown with the offset of their moment', () => {
  assert.equal(zonedText(Date.parse('2026-03-29T01:00:00Z'), 'Europe/Berlin'), '2026-03-29T03:00:00.000+02:00')
  assert.equal(zonedText(Date.parse('2026-10-25T01:00:00Z'), 'Europe/Berlin'), '2026-10-25T02:00:00.000+01:00')
  assert.equal(zonedText(Date.parse('2026-10-25T01:00:00Z'), 'UTC'), '2026-10-25T01:00:00.000Z')
})

test('days are counted on the calendar, over a change of the clocks too', () => {
  const nowMs = Date.parse('2026-03-30T12:00:00Z')
  assert.equal(startOfDayBefore(nowMs, 1, 'Europe/Berlin'), Date.parse('2026-03-28T23:00:00Z'))
  assert.equal(startOfDayBefore(nowMs, 0, 'Europe/Berlin'), Date.parse('2026-03-29T22:00:00Z'))
})
