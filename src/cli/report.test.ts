import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CostsReport, ShownSums } from '#reports/costs.ts'
import { appendFilter } from './console-link.ts'
import { csvCells, csvColumns } from './logs.ts'
import { grouped, tableText } from './output/table.ts'
import { reportCsv, reportTable } from './report.ts'

const sums: ShownSums = {
  requests: 1234,
  errors: 1,
  input_tokens: 1_000_000,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 20,
  reasoning_tokens: 0,
  total_tokens: 1_000_020,
  cost_usd: '1234.000000000001',
  unpriced_requests: 2,
  latency_ms: { mean: 10.4, p50: 9, p95: 20.6, p99: 30 },
}
const report: CostsReport = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-02-01T00:00:00.000Z',
  timezone: 'UTC',
  currency: 'USD',
  group_by: ['department', 'project'],
  rows: [{ department: 'engineering', project: '=cmd()', ...sums }],
  total: sums,
  truncated: false,
  next_cursor: null,
  basis: 'records',
  incomplete_before: null,
}

test('the table shows exact money, a total, and what is not in it', () => {
  assert.equal(
    reportTable(report),
    `department   project  requests  errors  input tokens  cached  output tokens            cost USD  mean ms  p95 ms
───────────  ───────  ────────  ──────  ────────────  ──────  ─────────────  ──────────────────  ───────  ──────
engineering  =cmd()      1,234       1     1,000,000       0             20  1,234.000000000001       10      21
───────────  ───────  ────────  ──────  ────────────  ──────  ─────────────  ──────────────────  ───────  ──────
total                    1,234       1     1,000,000       0             20  1,234.000000000001       10      21

2026-01-01T00:00:00.000Z to 2026-02-01T00:00:00.000Z (UTC)
2 calls have no known price: their cost is not in these sums.
`,
  )
})

test('an empty report says what to try', () => {
  const empty = { ...report, rows: [], total: { ...sums, requests: 0, unpriced_requests: 0, latency_ms: null } }
  assert.match(reportTable(empty), /^No calls from .* --range 30d/)
})

test('the CSV has exact money without separators, and no formulas', () => {
  const [header, row] = reportCsv(report).split('\r\n')
  assert.match(header ?? '', /^department,project,requests,errors,input_tokens/)
  assert.equal(row, "engineering,'=cmd(),1234,1,1000000,0,0,20,0,1000020,1234.000000000001,2,10.4,9,20.6,30")
})

test('the CSV of calls begins with what an ERP import expects', () => {
  assert.deepEqual(csvColumns.slice(0, 8), [
    'date',
    'user_id',
    'cost_center',
    'model',
    'input_tokens',
    'output_tokens',
    'cost_usd',
    'request_id',
  ])
  const cells = csvCells({ timestamp: '2026-01-31T10:00:00.000Z', user_id: 'u', cost_usd: '0.1', tags: { a: 'b' } })
  assert.equal(cells[0], '2026-01-31')
  assert.equal(cells[6], '0.1')
  assert.equal(cells.at(-1), '{"a":"b"}')
})

const filters: readonly [filter: string, query: string][] = [
  ['department=a=b', 'filter.department=a%3Db'],
  ['department!=a', 'filter.department.not=a'],
  ['cost_usd>=0.10', 'filter.cost_usd.gte=0.10'],
  ['latency_ms<5', 'filter.latency_ms.lt=5'],
  ['tag:team=x', 'filter.tag%3Ateam=x'],
  ['project=', 'filter.project='],
  ['tag:env.not=prod', 'filter.tag%3Aenv.not.eq=prod'],
  ['tag:env.not!=prod', 'filter.tag%3Aenv.not.not=prod'],
  ['tag:env.eq=prod', 'filter.tag%3Aenv.eq.eq=prod'],
]
for (const [filter, query] of filters) {
  test(`--filter ${filter} asks ${query}`, () => {
    const asked = new URLSearchParams()
    appendFilter(asked, filter)
    assert.equal(String(asked), query)
  })
}

test('a filter without a comparison is refused', () => {
  assert.throws(() => appendFilter(new URLSearchParams(), 'department'), /expected field=value/)
  assert.throws(() => appendFilter(new URLSearchParams(), '=x'), /expected field=value/)
})

test('numbers are grouped by thousands, fractions are not', () => {
  assert.equal(grouped('1234567.1234567'), '1,234,567.1234567')
  assert.equal(grouped(999), '999')
  assert.equal(grouped('-1234.5'), '-1,234.5')
})

test("a caller's control characters do not reach the terminal", () => {
  const table = tableText([{ title: 'a', align: 'left' }], [['\u001b[2Jx\n']])
  assert.ok(!table.includes('\u001b'))
  assert.equal(table.split('\n').length, 4)
})

test('columns stay even beside characters that take two columns, and none is cut in halves', () => {
  const columns = [
    { title: 'who', align: 'left' },
    { title: 'n', align: 'right' },
  ] as const
  const rows = [
    ['開発部門', '1'],
    ['sales', '20'],
    ['🚀'.repeat(30), '3'],
  ]
  const lines = tableText(columns, rows).split('\n')
  assert.deepEqual(lines.slice(2, 4), [`開発部門${' '.repeat(31)}   1`, `sales${' '.repeat(34)}  20`])
  assert.equal(lines[4], `${'🚀'.repeat(19)}…   3`)
})
