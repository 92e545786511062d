import { Argument, Command, Option } from 'commander'
import { csvLine } from '#lib/csv.ts'
import { appendFilter, askJson, type ConsoleLink, type OpenConsoleLink, withConsole } from './console-link.ts'
import { type Call, csvCells, csvColumns, type Page } from './logs.ts'
import { type PlaceOptions, withPlaceOptions } from './options/place-options.ts'
import { collect } from './options/values.ts'
import { warnIncomplete } from './output/incomplete.ts'

const more = `
Examples:
  tollgate export > this-month.csv
  tollgate export --from 2026-10 --to 2026-11 --timezone Europe/Berlin > october.csv
  tollgate export --range 7d --filter department=search --json > week.jsonl

The range begins with --from and ends before --to. The CSV begins with date, user_id, cost_center, model, input_tokens,
output_tokens, cost_usd, request_id, as ERP imports expect; dates are in UTC, amounts exact. Calls come newest first. Where
single records that old are gone, stderr says so and the command ends with 3.`

interface ExportOptions extends PlaceOptions {
  readonly from?: string
  readonly to?: string
  readonly range?: string
  readonly timezone?: string
  readonly filter: readonly string[]
  readonly json?: boolean
}

const pageCalls = 1000
const quietMs = 1000

/** `tollgate export`: all single calls of a range. `nowMs` is monotonic. */
export function exportCommand(open: OpenConsoleLink, nowMs: () => number): Command {
  const command = new Command('export')
    .description('All calls of a range, a line each, for other programs.')
    .addArgument(new Argument('[form]', 'what is written').choices(['csv']).default('csv'))
    .option('--from <time>', 'a date, a month or a time (default: the beginning of this month)')
    .option('--to <time>', 'a date, a month or a time (default: now)')
    .addOption(new Option('-r, --range <length>', 'instead of --from: 24h, 7d, 4w …').conflicts('from'))
    .option('-f, --filter <field=value>', 'only these calls; may be repeated', collect, [])
    .option('--timezone <name>', 'where the days of --from and --to begin: Europe/Berlin, +02:00 … (default: UTC)')
    .option('--json', 'a JSON object a line, with every field')
    .addHelpText('after', more)
  return withPlaceOptions(command).action(async (_form: string, options: ExportOptions) => {
    const progress = progressLine(nowMs)
    try {
      await withConsole(open, options, (link) => writeAll(link, options, progress.show))
    } finally {
      progress.clear()
    }
  })
}

async function writeAll(link: ConsoleLink, options: ExportOptions, onProgress: (calls: number) => void): Promise<void> {
  if (options.json !== true) process.stdout.write(csvLine(csvColumns))
  let written = 0
  for (let cursor: string | null = '', first = true; cursor !== null; first = false) {
    const query = new URLSearchParams({ limit: String(pageCalls), fresh: String(first) })
    for (const name of ['from', 'to', 'range', 'timezone'] as const) {
      const value = options[name]
      if (value !== undefined) query.set(name, value)
    }
    if (!first) query.set('cursor', cursor)
    for (const filter of options.filter) appendFilter(query, filter)
    const page: Page = await askJson<Page>(link, '/api/v1/usage', query)
    process.stdout.write(page.data.map((call) => lineOf(call, options)).join(''))
    written += page.data.length
    onProgress(written)
    cursor = page.next_cursor
    if (cursor === null) warnIncomplete(page.incomplete_before)
  }
}

function lineOf(call: Call, { json }: ExportOptions): string {
  return json === true ? `${JSON.stringify(call)}\n` : csvLine(csvCells(call))
}

/** How far it is, where it takes long and a person looks on while the calls go elsewhere. */
function progressLine(nowMs: () => number): { show: (calls: number) => void; clear: () => void } {
  if (!process.stderr.isTTY || process.stdout.isTTY) return { show: () => {}, clear: () => {} }
  const begunMs = nowMs()
  let shown = false
  return {
    show(calls) {
      if (nowMs() - begunMs < quietMs) return
      shown = true
      process.stderr.write(`\r${calls.toLocaleString('en-US')} calls`)
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[K')
    },
  }
}
