import { Command, Option } from 'commander'
import { csvLine } from '#lib/csv.ts'
import type { CostsReport, ShownSums } from '#reports/costs.ts'
import { appendFilter, askJson, type ConsoleLink, type OpenConsoleLink, withConsole } from './console-link.ts'
import { type PrintOptions, withPlaceOptions } from './options/place-options.ts'
import { collect } from './options/values.ts'
import { incompleteExitCode, incompleteText, warnIncomplete } from './output/incomplete.ts'
import { grouped, type TableColumn, tableText } from './output/table.ts'
import { writeOut } from './output/write-out.ts'

const more = `
Fields to group and filter by: department, project, cost_center, user_id, session_id, feature_flag, request_path,
api_key_id (key), provider, upstream, model, model_requested, model_served, endpoint, stream, outcome, status_code
(status), error, error_code, usage_source, cache_hit, unpriced, price_version, billing_currency, prompt_hash, tag:<name>;
to group by also hour, day, week, month; to filter by also tokens, costs and latencies with >, >=, <, <=.

Examples:
  tollgate report --by department,project                this month
  tollgate report --by day,model --range 7d
  tollgate report --by month --from 2026-01-01 --timezone Europe/Berlin
  tollgate report --by user_id --filter project=search --filter 'cost_usd>=0.10'
  tollgate report --by tag:team --csv > teams.csv

The range begins with --from and ends before --to. The total is added up by the database over every group, also those
beyond --limit; --csv leaves it out, and has nothing else with --by "". Without --limit the table has the 10,000 dearest
groups, --csv and --json have all of them. What the rows leave out is told on stderr beside --csv and --json; where single
records that old are gone, so that calls are missing, the command ends with 3.`

/** Of the API. */
const largestPage = 100_000

interface ReportOptions extends PrintOptions {
  readonly by: string
  readonly from?: string
  readonly to?: string
  readonly range?: string
  readonly filter: readonly string[]
  readonly timezone?: string
  readonly limit?: string
  readonly csv?: boolean
}

/** `tollgate report`: what usage cost, by any fields. */
export function reportCommand(open: OpenConsoleLink): Command {
  const command = new Command('report')
    .description('What was spent: by department, project, model, day or any other field.')
    .option('-b, --by <fields>', 'comma-separated fields to group by', 'department,project')
    .option('--from <time>', 'a date, a month or a time (default: the beginning of this month)')
    .option('--to <time>', 'a date, a month or a time (default: now)')
    .addOption(new Option('-r, --range <length>', 'instead of --from: 24h, 7d, 4w …').conflicts('from'))
    .option('-f, --filter <field=value>', 'only these calls; may be repeated', collect, [])
    .option('--timezone <name>', 'where days begin: Europe/Berlin, +02:00 … (default: UTC)')
    .option('-n, --limit <rows>', 'most rows, up to 100,000')
    .option('--json', 'print JSON')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .addHelpText('after', more)
  return withPlaceOptions(command).action((options: ReportOptions) =>
    withConsole(open, options, (link) => {
      if (options.csv === true) return printCsv(pagesOf(link, options))
      return options.json === true ? printJson(pagesOf(link, options)) : printTable(link, options)
    }),
  )
}

function reportQuery(options: ReportOptions): URLSearchParams {
  const query = new URLSearchParams({ group_by: options.by, fresh: 'true' })
  for (const name of ['from', 'to', 'range', 'timezone', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  for (const filter of options.filter) appendFilter(query, filter)
  return query
}

async function askReport(link: ConsoleLink, query: URLSearchParams): Promise<CostsReport> {
  return await askJson<CostsReport>(link, '/api/v1/reports/costs', query)
}

async function printTable(link: ConsoleLink, options: ReportOptions): Promise<void> {
  const report = await askReport(link, reportQuery(options))
  process.stdout.write(reportTable(report))
  if (report.incomplete_before !== null) process.exitCode = incompleteExitCode
}

/** For programs: where nobody has said how many rows there may be, all of them, in as many answers as it takes. */
async function* pagesOf(link: ConsoleLink, options: ReportOptions): AsyncGenerator<CostsReport> {
  const query = reportQuery(options)
  if (options.limit === undefined) query.set('limit', String(largestPage))
  const first = await askReport(link, query)
  if (options.limit !== undefined || !first.truncated) return yield first
  query.delete('range')
  query.set('from', first.from)
  query.set('to', first.to)
  query.set('order', 'group')
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await askReport(link, query)
    yield page
    cursor = page.next_cursor
    query.set('cursor', cursor ?? '')
  }
}

async function printCsv(pages: AsyncGenerator<CostsReport>): Promise<void> {
  const totals: CostsReport[] = []
  for await (const page of pages) {
    await writeOut(reportCsv(page, totals.length === 0))
    totals.push({ ...page, rows: [] })
  }
  tellNotes(totals)
}

/** As `jsonText` has it, but row by row: all rows of a large store are more than one text can hold. */
async function printJson(pages: AsyncGenerator<CostsReport>): Promise<void> {
  const totals: CostsReport[] = []
  let between = ''
  let members: string[] = []
  for await (const page of pages) {
    const { rows } = page
    members = Object.entries({ ...page, rows: [] }).map(([name, value]) => `  "${name}": ${indented(value, '  ')}`)
    if (totals.length === 0) await writeOut(`{\n${members.slice(0, rowsAt(page)).join(',\n')},\n  "rows": [`)
    for (const row of rows) {
      await writeOut(`${between}\n    ${indented(row, '    ')}`)
      between = ','
    }
    totals.push({ ...page, rows: [] })
  }
  const last = totals.at(-1)
  if (last === undefined) return
  await writeOut(`${between === '' ? '' : '\n  '}],\n${members.slice(rowsAt(last) + 1).join(',\n')}\n}\n`)
  tellNotes(totals)
}

function rowsAt(report: CostsReport): number {
  return Object.keys(report).indexOf('rows')
}

function indented(value: unknown, by: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${by}`)
}

/** On stderr, what a program that adds up the rows must know of them. */
function tellNotes(pages: readonly CostsReport[]): void {
  const [first, last] = [pages.at(0), pages.at(-1)]
  if (first === undefined || last === undefined) return
  const notes = moneyNotes(last)
  if (last.truncated) notes.push('there are more groups than --limit: the rows leave them out')
  if (first.total.cost_usd !== last.total.cost_usd || first.total.requests !== last.total.requests) {
    notes.push('calls were booked while the rows were read, which are of several moments; --to an earlier time has one')
  }
  for (const note of notes) process.stderr.write(`tollgate: ${note}\n`)
  warnIncomplete(last.incomplete_before)
}

const sumNames = [
  'requests',
  'errors',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost_usd',
  'unpriced_requests',
] as const

/** Without groups there is one row: the total. Exported for its test. */
export function reportCsv({ group_by, rows: groups, total }: CostsReport, withHeader = true): string {
  const rows: CostsReport['rows'] = group_by.length === 0 ? [{ ...total }] : groups
  const header = [...group_by, ...sumNames, 'latency_mean_ms', 'latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms']
  const lines = rows.map((row) => [
    ...group_by.map((name) => groupText(row[name])),
    ...sumNames.map((name) => row[name]),
    row.latency_ms?.mean,
    row.latency_ms?.p50,
    row.latency_ms?.p95,
    row.latency_ms?.p99,
  ])
  return [...(withHeader ? [header] : []), ...lines].map(csvLine).join('')
}

const shownColumns: readonly { title: string; show: (sums: ShownSums) => string }[] = [
  { title: 'requests', show: (sums) => grouped(sums.requests) },
  { title: 'errors', show: (sums) => grouped(sums.errors) },
  { title: 'input tokens', show: (sums) => grouped(sums.input_tokens) },
  { title: 'cached', show: (sums) => grouped(sums.cached_input_tokens) },
  { title: 'output tokens', show: (sums) => grouped(sums.output_tokens) },
  { title: 'cost USD', show: (sums) => grouped(sums.cost_usd) },
  { title: 'mean ms', show: (sums) => (sums.latency_ms === null ? '' : grouped(Math.round(sums.latency_ms.mean))) },
  { title: 'p95 ms', show: (sums) => (sums.latency_ms === null ? '' : grouped(Math.round(sums.latency_ms.p95))) },
]

/** Exported for its test. */
export function reportTable(report: CostsReport): string {
  const { group_by, rows, total } = report
  const notes = reportNotes(report)
  if (total.requests === 0) return `${nothingText(report)}\n${notes.join('')}`
  const columns: TableColumn[] = [
    ...group_by.map((title) => ({ title, align: 'left' as const })),
    ...shownColumns.map(({ title }) => ({ title, align: 'right' as const })),
  ]
  const body = rows.map((row) => [
    ...group_by.map((name) => groupText(row[name]) || '–'),
    ...shownColumns.map(({ show }) => show(row)),
  ])
  const footer = [
    ...group_by.map((_, index) => (index === 0 ? 'total' : '')),
    ...shownColumns.map(({ show }) => show(total)),
  ]
  if (group_by.length === 0) return `${tableText(columns, [footer])}${notes.join('')}`
  return `${tableText(columns, body, footer)}${notes.join('')}`
}

function reportNotes(report: CostsReport): string[] {
  const { from, to, timezone, truncated, incomplete_before: before } = report
  const notes = moneyNotes(report)
  if (truncated) notes.push('there are more groups than rows; the total counts them all, --limit shows more')
  if (before !== null) notes.push(incompleteText(before))
  const sentences = notes.map((note) => `${note.slice(0, 1).toUpperCase()}${note.slice(1)}.\n`)
  return [`\n${from} to ${to} (${timezone})\n`, ...sentences]
}

function moneyNotes({ basis, total }: CostsReport): string[] {
  const notes: string[] = []
  if (total.unpriced_requests > 0) {
    notes.push(`${grouped(total.unpriced_requests)} calls have no known price: their cost is not in these sums`)
  }
  if (basis === 'hourly') notes.push('single records that old are gone: whole hours were added up')
  return notes
}

function nothingText({ from, to }: CostsReport): string {
  return `No calls from ${from} to ${to}. Another range: --range 30d. Without filters: leave out --filter.`
}

function groupText(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
