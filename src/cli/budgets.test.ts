import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPico, parseUsd } from '#core/money/usd-text.ts'
import {
  changedLines,
  frameText,
  roughText,
  type ShownBudget,
  type ShownLimit,
  tableOfBudgets,
} from './output/budgets-text.ts'

const money: ShownLimit = {
  quantity: 'usd',
  window: 'day',
  limit: '1300.000000000000',
  spent: '1234.000000000001',
  held: '0.500000000000',
  available: '65.499999999999',
  percent_used: 94.9,
  status: 'warning',
  window_end: '2026-11-22T23:00:00.000Z',
  forecast: '1801.234567890123',
}
const rate: ShownLimit = {
  ...money,
  quantity: 'requests',
  window: 'minute',
  limit: 6000,
  spent: 6000,
  held: 1,
  available: -1,
  percent_used: 100,
  status: 'exceeded',
  window_end: '2026-11-22T05:31:00.000Z',
  forecast: null,
}
const atOnce: ShownLimit = { ...rate, quantity: 'concurrent', window: null, window_end: null, status: 'ok' }
const unknown = { spent: null, held: null, available: null, percent_used: null, status: null, window_end: null }
const team: ShownBudget = {
  name: 'team',
  scope: { department: ['engineering', 'search'], tags: { stage: ['test'] } },
  timezone: 'Europe/Berlin',
  limits: [money, rate, atOnce],
}
const fresh: ShownBudget = {
  name: 'fresh',
  scope: {},
  timezone: 'UTC',
  limits: [{ ...money, ...unknown, forecast: null }],
}
const plain = { colours: false, widest: null }

test('the table shows money to the last decimal, and what is not known yet as pending', () => {
  assert.equal(
    tableOfBudgets([team, fresh], plain),
    `budget  scope                                     window          limit               spent  held        available    used     forecast  status    resets
──────  ────────────────────────────────────────  ───────  ────────────  ──────────────────  ────  ───────────────  ──────  ───────────  ────────  ──────────────────────
team    department=engineering|search tag:stage…  day      1,300.00 USD  1,234.000000000001  0.50  65.499999999999  94.9 %  ~1,801.2346  warning   2026-11-23 00:00+01:00
                                                  minute    6,000 calls               6,000     1               -1   100 %               exceeded  2026-11-22 06:31+01:00
                                                  at once   6,000 calls               6,000     1               -1   100 %               ok
fresh   all calls                                 day      1,300.00 USD                                                                  pending
`,
  )
})

const forecasts: readonly [forecast: string | number, spent: string | number | null, shown: string][] = [
  ['1801.234567890123', '1.000000000000', '1,801.2346'],
  ['1801.234550000000', '1.000000000000', '1,801.2346'],
  ['1801.234549999999', '1.000000000000', '1,801.2345'],
  ['0.999950000000', null, '1.00'],
  ['2.500000000000', '2.500000000000', '2.50'],
  // Rounded down it would be less than what is spent.
  ['0.000040800000', '0.000040800000', '0.0000408'],
  ['0.000244900000', '0.000244800000', '0.0002448'],
  ['0.000244900000', '0.000200000000', '0.0002'],
  [31, 6, '31'],
]
for (const [forecast, spent, shown] of forecasts) {
  test(`a forecast of ${forecast} is shown as ${shown} where ${spent} is spent`, () => {
    assert.equal(roughText(forecast, spent), shown)
  })
}

test('no forecast is shown below what is spent, nor further off than half a hundredth of a cent', () => {
  const amounts = fc.tuple(fc.bigInt(0n, 10n ** 16n), fc.bigInt(0n, 10n ** 10n))
  fc.assert(
    fc.property(amounts, ([spent, more]) => {
      const forecast = spent + more
      const shown = parseUsd(roughText(formatPico(forecast), formatPico(spent)).replaceAll(',', ''))
      assert.ok(shown >= spent)
      const off = shown > forecast ? shown - forecast : forecast - shown
      assert.ok(off <= 50_000_000n, `${shown} for ${forecast}`)
    }),
  )
})

test('a terminal sees the status in colour, and lines no longer than itself', () => {
  const text = tableOfBudgets([team, fresh], { colours: true, widest: 180 })
  assert.ok(text.includes('  \x1b[33mwarning\x1b[0m   '))
  assert.ok(text.includes('  \x1b[31mexceeded\x1b[0m  '))
  assert.ok(!text.slice(0, text.indexOf('\n')).includes('\x1b'))
  const narrow = tableOfBudgets([team], { colours: true, widest: 60 })
  for (const line of narrow.split('\n')) assert.ok(line.length <= 60, line)
})

test('a live table is drawn over the one before, and never scrolls', () => {
  assert.equal(frameText('a\nb\n', 10, true), '\x1b[2J\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J')
  assert.equal(frameText('a\nb\n', 10, false), '\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J')
  const cut = frameText('1\n2\n3\n4\n5\n6\n', 5, false)
  assert.equal(cut, '\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n…\x1b[K\n\x1b[J')
})

test('elsewhere a line is written for a limit when it changes, and only then', () => {
  const first = changedLines([], [team, fresh])
  assert.equal(first.split('\n').length, 5)
  assert.match(
    first,
    /^team minute: limit 6,000 calls, spent 6,000, held 1, available -1, used 100 %, exceeded, resets /m,
  )
  assert.match(first, /^team at once: limit 6,000 calls, .*, ok$/m)
  assert.match(first, /^fresh day: limit 1,300\.00 USD, pending$/m)
  const later = { ...team, limits: [{ ...money, forecast: '1.000000000000' }, { ...rate, held: 0 }, atOnce] }
  assert.match(changedLines([team, fresh], [later, fresh]), /^team minute: .* held 0, .*\n$/)
})

test('without budgets it says where they come from', () => {
  assert.match(tableOfBudgets([], plain), /configuration file/)
})

test('a budget that stays pending says why', () => {
  const stuck = { ...fresh, pending_reason: 'block 7 of the journal is damaged' }
  assert.match(tableOfBudgets([team, stuck], plain), /\nfresh stays pending: block 7 of the journal is damaged\n$/)
  assert.equal(
    changedLines([fresh], [stuck]),
    'fresh day: limit 1,300.00 USD, pending because block 7 of the journal is damaged\n',
  )
  assert.ok(!tableOfBudgets([team, { ...fresh, pending_reason: null }], plain).includes('stays'))
})
