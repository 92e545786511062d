import { Command, Option } from 'commander'
import { type CsvCell, csvLine } from '#lib/csv.ts'
import { isoText } from '#lib/iso-text.ts'
import { parseRange } from '#reports/times.ts'
import {
  appendFilter,
  askJson,
  ConsoleAway,
  type ConsoleLink,
  type OpenConsoleLink,
  withConsole,
} from './console-link.ts'
import { type PrintOptions, withPlaceOptions } from './options/place-options.ts'
import { collect } from './options/values.ts'
import { warnIncomplete } from './output/incomplete.ts'
import { grouped, type TableColumn, tableText } from './output/table.ts'
import { writeOut } from './output/write-out.ts'

const more = `
Examples:
  tollgate logs                                         the newest 50 of the last hour
  tollgate logs --since 24h --filter status_code>=400   what went wrong since yesterday
  tollgate logs --since 30d --csv > calls.csv           all of them
  tollgate logs --follow --filter department=search

Fields to filter by are those of "tollgate report --help" and every other field of a record (see --json). The CSV
begins with date, user_id, cost_center, model, input_tokens, output_tokens, cost_usd, request_id, as ERP imports expect;
dates are in UTC. Where the time asked for begins before single records are gone, stderr says so and the command ends
with 3. --follow begins with the newest calls of the last hour and shows every call that ends from then on, whenever it
began; where the console is restarted meanwhile it says so, and goes on when that is back.`

interface LogsOptions extends PrintOptions {
  readonly since: string
  readonly limit?: string
  readonly filter: readonly string[]
  readonly csv?: boolean
  readonly follow?: boolean
}

export type Call = Readonly<Record<string, unknown>>

export interface Page {
  readonly data: readonly Call[]
  readonly next_cursor: string | null
  readonly incomplete_before: string | null
}

const largestPage = 1000
const usualLimit = 50

/** `tollgate logs`: single calls. `sleep` is how it waits between two looks with --follow. */
export function logsCommand(
  open: OpenConsoleLink,
  sleep: (delayMs: number) => Promise<void>,
  nowMs: () => number,
): Command {
  const command = new Command('logs')
    .description('Single calls, newest first.')
    .option('-s, --since <length>', 'how far back: 15h, 7d, 4w …', '1h')
    .option('-n, --limit <calls>', `most calls (default: ${usualLimit}; with --csv or --json all)`)
    .option('-f, --filter <field=value>', 'only these calls; may be repeated', collect, [])
    .addOption(new Option('--follow', 'show what there is, oldest first, and go on with what comes').conflicts('since'))
    .option('--json', 'print a JSON object a line')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .addHelpText('after', more)
  return withPlaceOptions(command).action(async (options: LogsOptions) => {
    const limit = options.limit === undefined ? null : Number(options.limit)
    if (limit !== null && !(Number.isSafeInteger(limit) && limit >= 1)) {
      throw new Error('--limit: expected a whole number from 1 on')
    }
    const isForPrograms = options.csv === true || options.json === true
    await withConsole(open, options, (link) =>
      options.follow === true
        ? follow(link, options, limit ?? usualLimit, sleep)
        : list(link, options, { limit: limit ?? (isForPrograms ? Number.POSITIVE_INFINITY : usualLimit), nowMs }),
    )
  })
}

interface Listed {
  readonly limit: number
  readonly nowMs: () => number
}

async function list(link: ConsoleLink, options: LogsOptions, { limit, nowMs }: Listed): Promise<void> {
  // Counted back once: every page would begin a little later than the one before.
  const { fromMs } = parseRange({ range: options.since }, { timezone: 'UTC', nowMs: nowMs() })
  const from = isoText(fromMs)
  let left = limit
  let cursor: string | null = null
  for (let first = true; first || (cursor !== null && left > 0); first = false) {
    const page: Page = await askPage(link, options, { from, limit: left, cursor })
    if (first && page.data.length === 0)
      process.stderr.write(`No calls in the last ${options.since}; --since 7d looks further back.\n`)
    await writeOut(callsText(page.data, options, first))
    left -= page.data.length
    cursor = page.next_cursor
    if (cursor === null) warnIncomplete(page.incomplete_before)
  }
}

/**
 * Looks every second at what was booked since. A call that many others overtook is not behind them there. The place that it
 * has come to is of the journal, and holds over a restart of the console.
 */
async function follow(
  link: ConsoleLink,
  options: LogsOptions,
  limit: number,
  sleep: (delayMs: number) => Promise<void>,
): Promise<void> {
  if (link.holdsDirectory)
    throw new Error('no gateway runs here whose calls could be followed; --since shows older ones')
  const look = (question: PageQuestion) => askPatiently(() => askPage(link, options, question), sleep)
  const begun = await look({ order: 'booked', limit: 1, cursor: null })
  const { data: before } = await look({ range: '1h', limit, cursor: null })
  await writeOut(callsText(before.toReversed(), options, true))
  // What was booked between the two questions is in the answers to both.
  const shown = new Set(before.map((call) => call['call_id']))
  for (let cursor = begun.next_cursor; ; ) {
    const page = await look({ order: 'booked', limit: largestPage, cursor, fresh: true })
    const calls = page.data.filter((call) => !shown.has(call['call_id']))
    if (calls.length > 0) await writeOut(callsText(calls, options, false))
    cursor = page.next_cursor
    if (page.data.length < largestPage) await sleep(1_000)
  }
}

/** Again and again while nobody answers, with a word about it at the beginning and at the end. */
async function askPatiently(ask: () => Promise<Page>, sleep: (delayMs: number) => Promise<void>): Promise<Page> {
  for (let isSaid = false; ; await sleep(1_000)) {
    try {
      const page = await ask()
      if (isSaid) process.stderr.write('tollgate: the console answers again\n')
      return page
    } catch (error) {
      if (!(error instanceof ConsoleAway)) throw error
      if (!isSaid) process.stderr.write(`tollgate: no calls can be shown for now, and it is waited: ${error.message}\n`)
      isSaid = true
    }
  }
}

interface PageQuestion {
  readonly from?: string
  readonly range?: string
  readonly order?: 'booked'
  readonly limit: number
  readonly cursor: string | null
  /** Of a first page always. */
  readonly fresh?: boolean
}

async function askPage(
  link: ConsoleLink,
  options: LogsOptions,
  { from, range, order, limit, cursor, fresh = cursor === null }: PageQuestion,
): Promise<Page> {
  const query = new URLSearchParams({ limit: String(Math.min(limit, largestPage)) })
  if (from !== undefined) query.set('from', from)
  if (range !== undefined) query.set('range', range)
  if (order !== undefined) query.set('order', order)
  if (fresh) query.set('fresh', 'true')
  if (cursor !== null) query.set('cursor', cursor)
  for (const filter of options.filter) appendFilter(query, filter)
  return await askJson<Page>(link, '/api/v1/usage', query)
}

function callsText(calls: readonly Call[], { json, csv }: LogsOptions, withHeader: boolean): string {
  if (json === true) return calls.map((call) => `${JSON.stringify(call)}\n`).join('')
  if (csv === true)
    return `${withHeader ? csvLine(csvColumns) : ''}${calls.map((call) => csvLine(csvCells(call))).join('')}`
  if (calls.length === 0) return ''
  const table = tableText(
    shownColumns,
    calls.map((call) => shownColumns.map(({ show }) => show(call))),
  )
  return withHeader ? table : table.split('\n').slice(2).join('\n')
}

/** What an ERP import expects, in its order; then the rest. */
const firstCsvColumns = [
  'date',
  'user_id',
  'cost_center',
  'model',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'request_id',
] as const

const otherCsvColumns = [
  'timestamp',
  'call_id',
  'department',
  'project',
  'session_id',
  'feature_flag',
  'request_path',
  'api_key_id',
  'provider',
  'upstream',
  'model_requested',
  'model_served',
  'endpoint',
  'stream',
  'outcome',
  'status_code',
  'error_code',
  'error_message',
  'cached_input_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost_input_usd',
  'cost_cached_input_usd',
  'cost_cache_write_usd',
  'cost_output_usd',
  'cost_other_usd',
  'billing_currency',
  'billing_amount',
  'price_version',
  'unpriced',
  'usage_source',
  'latency_ms',
  'time_to_first_token_ms',
  'overhead_ms',
  'retries',
  'cache_hit',
  'prompt_hash',
  'tags',
] as const

export const csvColumns: readonly string[] = [...firstCsvColumns, ...otherCsvColumns]

export function csvCells(call: Call): CsvCell[] {
  return csvColumns.map((name) => {
    if (name === 'date') return String(call['timestamp']).slice(0, 10)
    const value = call[name]
    if (value !== null && typeof value === 'object') return JSON.stringify(value)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
  })
}

const text = (name: string) => (call: Call) => String(call[name] ?? '')
const count = (name: string) => (call: Call) => grouped(Number(call[name]))

const shownColumns: readonly (TableColumn & { show: (call: Call) => string })[] = [
  { title: 'time (UTC)', align: 'left', show: (call) => String(call['timestamp']).slice(0, 23).replace('T', ' ') },
  { title: 'status', align: 'right', show: text('status_code') },
  { title: 'outcome', align: 'left', show: text('outcome') },
  { title: 'model', align: 'left', show: text('model') },
  { title: 'department', align: 'left', show: text('department') },
  { title: 'project', align: 'left', show: text('project') },
  { title: 'input', align: 'right', show: count('input_tokens') },
  { title: 'output', align: 'right', show: count('output_tokens') },
  {
    title: 'cost USD',
    align: 'right',
    show: (call) => (call['unpriced'] === true ? 'unpriced' : grouped(String(call['cost_usd']))),
  },
  { title: 'ms', align: 'right', show: (call) => grouped(Math.round(Number(call['latency_ms']))) },
  { title: 'request', align: 'left', show: text('request_id') },
]
