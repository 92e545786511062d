import { Argument, Command, Option } from 'commander'
import { csvLine } from '#lib/csv.ts'
import { isoText } from '#lib/iso-text.ts'
import type { Clock } from '#ports.ts'
import { checkTimezone, parseRange } from '#reports/times.ts'
import { appendFilter, askJson, type ConsoleLink, type OpenConsoleLink, withConsole } from './console-link.ts'
import { type Call, csvCells, csvColumns, type Page } from './logs.ts'
import { type PlaceOptions, withPlaceOptions } from './options/place-options.ts'
import { collect } from './options/values.ts'
import { warnIncomplete } from './output/incomplete.ts'
import { writeOut } from './output/write-out.ts'

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

/** From when to when, as moments. */
type Asked = Pick<ExportOptions, 'filter' | 'json'> & { readonly from: string; readonly to: string }

const pageCalls = 1000
const quietMs = 1000

/** `tollgate export`: all single calls of a range. */
export function exportCommand(open: OpenConsoleLink, clock: Clock): Command {
  const command = new Command('export')
    .description('All calls of a range, a line each, for other programs.')
    .addArgument(new Argument('[form]', 'what is written').choices(['csv']).default('csv'))
    .option('--from <time>', 'a date, a month or a time (default: the beginning of the month in which it ends)')
    .option('--to <time>', 'a date, a month or a time (default: now)')
    .addOption(new Option('-r, --range <length>', 'instead of --from: 24h, 7d, 4w …').conflicts('from'))
    .option('-f, --filter <field=value>', 'only these calls; may be repeated', collect, [])
    .option('--timezone <name>', 'where the days of --from and --to begin: Europe/Berlin, +02:00 … (default: UTC)')
    .option('--json', 'a JSON object a line, with every field')
    .addHelpText('after', more)
  return withPlaceOptions(command).action(async (_form: string, options: ExportOptions) => {
    const timezone = checkTimezone(options.timezone ?? 'UTC')
    // Read once: the pages of a long export must not each end at their own now, and begin so long before that.
    const { fromMs, toMs } = parseRange(options, { timezone, nowMs: clock.wallMs() })
    const progress = progressLine(clock)
    try {
      const range = { from: isoText(fromMs), to: isoText(toMs) }
      await withConsole(open, options, (link) => writeAll(link, { ...options, ...range }, progress.show))
    } finally {
      progress.clear()
    }
  })
}

async function writeAll(link: ConsoleLink, options: Asked, onProgress: (calls: number) => void): Promise<void> {
  if (options.json !== true) await writeOut(csvLine(csvColumns))
  let written = 0
  for (let cursor: string | null = '', first = true; cursor !== null; first = false) {
    const { from, to } = options
    const query = new URLSearchParams({ from, to, limit: String(pageCalls), fresh: String(first) })
    if (!first) query.set('cursor', cursor)
    for (const filter of options.filter) appendFilter(query, filter)
    const page: Page = await askJson<Page>(link, '/api/v1/usage', query)
    await writeOut(page.data.map((call) => lineOf(call, options)).join(''))
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
function progressLine({ monotonicMs }: Clock): { show: (calls: number) => void; clear: () => void } {
  if (!process.stderr.isTTY || process.stdout.isTTY) return { show: () => {}, clear: () => {} }
  const begunMs = monotonicMs()
  let shown = false
  return {
    show(calls) {
      if (monotonicMs() - begunMs < quietMs) return
      shown = true
      process.stderr.write(`\r${calls.toLocaleString('en-US')} calls`)
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[K')
    },
  }
}
