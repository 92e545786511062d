import { Command } from 'commander'
import { isoText } from '#lib/iso-text.ts'
import { askJson, type OpenConsoleLink, sendJson, withConsole } from './console-link.ts'
import { type PrintOptions, withPlaceOptions } from './options/place-options.ts'
import { collect, parseDuration } from './options/values.ts'
import { jsonText } from './output/json-text.ts'
import { type TableColumn, tableText } from './output/table.ts'

const more = `
Examples:
  tollgate alerts                                        what fired in the last week, newest first
  tollgate alerts --status firing --severity critical
  tollgate alerts --label department=search --since 24h --json
  tollgate alerts test ops                               sends a real message, and says what was answered
  tollgate alerts silence --match budget=search --for 2h --comment "known, being looked at"
  tollgate alerts silences
  tollgate alerts unsilence sil_…
  tollgate alerts replay ID                              tells an alert again to whoever was told`

/** What the command needs beside the console. */
export interface AlertsDoors {
  readonly open: OpenConsoleLink
  readonly print: (text: string) => void
  readonly nowMs: () => number
}

/** `tollgate alerts …`: what fired and who was told; silences, replays and test messages. */
export function alertsCommand(doors: AlertsDoors): Command {
  return listCommand(doors)
    .addCommand(testCommand(doors))
    .addCommand(silenceCommand(doors))
    .addCommand(silencesCommand(doors))
    .addCommand(unsilenceCommand(doors))
    .addCommand(replayCommand(doors))
    .addHelpText('after', more)
}

interface ListOptions extends PrintOptions {
  readonly status?: string
  readonly type?: string
  readonly severity?: string
  readonly label: readonly string[]
  readonly since: string
  readonly limit: string
  readonly language: string
}

interface ShownAlert {
  readonly id: string
  readonly status: string
  readonly type: string
  readonly severity: string
  readonly started_at: string
  readonly title: string
  readonly told: boolean
  readonly notifications: readonly {
    readonly receiver: string
    readonly status: string
    readonly attempts: readonly { readonly status: number | null; readonly detail: string }[]
  }[]
}

function listCommand(doors: AlertsDoors): Command {
  const command = new Command('alerts')
    .description('What fired, what became of it, and who was told.')
    .option('--status <status>', 'firing or resolved')
    .option('--type <types>', 'budget_threshold, budget_exceeded, hourly_cost …, by commas')
    .option('--severity <severities>', 'info, warning, critical, by commas')
    .option('-l, --label <name=value>', 'only with this label; may be repeated', collect, [])
    .option('-s, --since <time>', 'how far back (24h, 7d, 4w), or a date', '7d')
    .option('-n, --limit <alerts>', 'most alerts, up to 1000', '50')
    .option('--language <language>', 'of the messages: en, de or vi', 'en')
    .option('--json', 'print JSON')
  return withPlaceOptions(command).action((options: ListOptions) =>
    withConsole(doors.open, options, async (link) => {
      const query = new URLSearchParams({ since: options.since, limit: options.limit, language: options.language })
      for (const name of ['status', 'type', 'severity'] as const) {
        const value = options[name]
        if (value !== undefined) query.set(name, value)
      }
      if (options.label.length > 0) query.set('label', options.label.join(','))
      const page = await askJson<{ data: readonly ShownAlert[] }>(link, '/api/v1/alerts', query)
      doors.print(options.json === true ? jsonText(page) : alertsText(page.data, options.since))
    }),
  )
}

const columns: readonly TableColumn[] = ['since (UTC)', 'status', 'severity', 'type', 'told', 'what', 'id'].map(
  (title) => ({ title, align: 'left' }),
)

function alertsText(alerts: readonly ShownAlert[], since: string): string {
  if (alerts.length === 0) return `No alerts since ${since}; --since 4w looks further back.\n`
  return tableText(
    columns,
    alerts.map((alert) => [
      alert.started_at.slice(0, 19).replace('T', ' '),
      ...[alert.status, alert.severity, alert.type, toldText(alert), alert.title, alert.id],
    ]),
  )
}

/** `ops ok, duty failed (404)`. */
function toldText({ told, notifications }: ShownAlert): string {
  if (!told) return 'before alerts began'
  if (notifications.length === 0) return 'nobody'
  const last = new Map(notifications.map((one) => [one.receiver, one]))
  const texts = [...last.values()].map(({ receiver, status, attempts }) => {
    const answer = attempts.at(-1)?.status ?? null
    return status === 'delivered' ? `${receiver} ok` : `${receiver} ${status}${answer === null ? '' : ` (${answer})`}`
  })
  return texts.join(', ')
}

function testCommand(doors: AlertsDoors): Command {
  return withPlaceOptions(new Command('test'))
    .description('Send a test message to a receiver, and say what it answered.')
    .argument('<receiver>', 'its name in the configuration')
    .option('--json', 'print JSON')
    .action((name: string, _: unknown, command: Command) =>
      withConsole(doors.open, command.optsWithGlobals<PrintOptions>(), async (link, { json }) => {
        const path = `/api/v1/receivers/${encodeURIComponent(name)}/test`
        const answer = await sendJson<TestAnswer>(link, 'POST', path)
        const { ok, detail, duration_ms: ms } = answer
        const verdict = ok ? 'took the test message' : 'did NOT take the test message'
        doors.print(json === true ? jsonText(answer) : `${name} ${verdict} (${ms} ms): ${detail}\n`)
        if (!ok) process.exitCode = 1
      }),
    )
}

interface TestAnswer {
  readonly ok: boolean
  readonly status: number | null
  readonly detail: string
  readonly duration_ms: number
}

interface SilenceOptions extends PrintOptions {
  readonly match: readonly string[]
  readonly for: number
  readonly by?: string
  readonly comment?: string
}

interface ShownSilence {
  readonly id: string
  readonly match: Readonly<Record<string, readonly string[]>>
  readonly starts_at: string
  readonly ends_at: string
  readonly created_by: string
  readonly comment: string
}

function silenceCommand(doors: AlertsDoors): Command {
  return withPlaceOptions(new Command('silence'))
    .description('Have nobody told of alerts that match, for a time.')
    .requiredOption('-m, --match <label=value>', 'repeated for other labels: all; for the same label: any', collect, [])
    .requiredOption('--for <time>', 'how long: 30m, 2h, 7d', parseDuration)
    .option('--by <name>', 'who says so')
    .option('--comment <text>', 'why')
    .option('--json', 'print JSON')
    .action((_: unknown, command: Command) =>
      withConsole(doors.open, command.optsWithGlobals<SilenceOptions>(), async (link, options) => {
        const made = await sendJson<ShownSilence>(link, 'POST', '/api/v1/silences', {
          match: matchOf(options.match),
          ends_at: isoText(doors.nowMs() + options.for),
          ...(options.by === undefined ? {} : { created_by: options.by }),
          ...(options.comment === undefined ? {} : { comment: options.comment }),
        })
        doors.print(options.json === true ? jsonText(made) : `${made.id} until ${made.ends_at}\n`)
      }),
    )
}

function matchOf(pairs: readonly string[]): Record<string, string[]> {
  const match: Record<string, string[]> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new Error(`--match: expected label=value, got ${JSON.stringify(pair)}`)
    const name = pair.slice(0, at).trim()
    match[name] = [...(match[name] ?? []), pair.slice(at + 1)]
  }
  return match
}

function silencesCommand(doors: AlertsDoors): Command {
  return withPlaceOptions(new Command('silences'))
    .description('The silences that have not ended.')
    .option('--json', 'print JSON')
    .action((_: unknown, command: Command) =>
      withConsole(doors.open, command.optsWithGlobals<PrintOptions>(), async (link, { json }) => {
        const found = await askJson<{ data: readonly ShownSilence[] }>(link, '/api/v1/silences', new URLSearchParams())
        doors.print(json === true ? jsonText(found) : silencesText(found.data))
      }),
    )
}

function silencesText(silences: readonly ShownSilence[]): string {
  if (silences.length === 0) return 'There are no silences.\n'
  const titles = ['id', 'match', 'from', 'until', 'by', 'comment']
  return tableText(
    titles.map((title) => ({ title, align: 'left' })),
    silences.map(({ id, match, starts_at, ends_at, created_by, comment }) => {
      const labels = Object.entries(match).map(([name, values]) => `${name}=${values.join('|')}`)
      return [id, labels.join(', '), starts_at, ends_at, created_by, comment]
    }),
  )
}

function unsilenceCommand(doors: AlertsDoors): Command {
  return withPlaceOptions(new Command('unsilence'))
    .description('End a silence now.')
    .argument('<id>', 'as `tollgate alerts silences` shows it')
    .action((id: string, _: unknown, command: Command) =>
      withConsole(doors.open, command.optsWithGlobals<PrintOptions>(), async (link) => {
        await sendJson(link, 'DELETE', `/api/v1/silences/${encodeURIComponent(id)}`)
        doors.print(`${id} has ended.\n`)
      }),
    )
}

function replayCommand(doors: AlertsDoors): Command {
  return withPlaceOptions(new Command('replay'))
    .description('Tell an alert again to whoever was told, under the same ids.')
    .argument('<id>', 'id of the alert')
    .action((id: string, _: unknown, command: Command) =>
      withConsole(doors.open, command.optsWithGlobals<PrintOptions>(), async (link) => {
        const path = `/api/v1/alerts/${encodeURIComponent(id)}/replay`
        const { notifications } = await sendJson<{ notifications: number }>(link, 'POST', path)
        doors.print(`${notifications} ${notifications === 1 ? 'message is' : 'messages are'} sent again.\n`)
      }),
    )
}
