import { formatPico, parseUsd } from '#core/money/usd-text.ts'
import { textWithin } from '#lib/text-width.ts'
import { grouped, type TableColumn, tableText } from './table.ts'

/** As the API has it: a budget with its limits. */
export interface ShownBudget {
  readonly name: string
  readonly scope: Readonly<Record<string, readonly string[] | Readonly<Record<string, readonly string[]>>>>
  readonly timezone: string
  /** Why it stays pending, where it does. */
  readonly pending_reason?: string | null
  readonly limits: readonly ShownLimit[]
}

type Amount = string | number

/** Null is what is not known yet. */
export interface ShownLimit {
  readonly quantity: 'usd' | 'requests' | 'tokens' | 'concurrent'
  readonly window: string | null
  readonly limit: Amount
  readonly spent: Amount | null
  readonly held: Amount | null
  readonly available: Amount | null
  readonly percent_used: number | null
  readonly status: string | null
  readonly window_end: string | null
  readonly forecast: Amount | null
}

interface TableForm {
  readonly colours: boolean
  /** Columns of the terminal, beyond which lines are cut; null = they are not. */
  readonly widest: number | null
}

const columns: readonly TableColumn[] = [
  { title: 'budget', align: 'left' },
  { title: 'scope', align: 'left' },
  { title: 'window', align: 'left' },
  { title: 'limit', align: 'right' },
  { title: 'spent', align: 'right' },
  { title: 'held', align: 'right' },
  { title: 'available', align: 'right' },
  { title: 'used', align: 'right' },
  { title: 'forecast', align: 'right' },
  { title: 'status', align: 'left' },
  { title: 'resets', align: 'left' },
]

/** One row for each limit. Amounts of money to the last decimal, but for the forecast. */
export function tableOfBudgets(budgets: readonly ShownBudget[], { colours, widest }: TableForm): string {
  if (budgets.length === 0)
    return 'There are no budgets. They are defined in the configuration file, under "budgets".\n'
  const limits = budgets.flatMap((budget) => budget.limits.map((limit) => ({ budget, limit })))
  const rows = limits.map(({ budget, limit }, index) => {
    const first = limits[index - 1]?.budget !== budget
    return [first ? budget.name : '', first ? scopeText(budget) : '', ...limitCells(limit, budget.timezone)]
  })
  const lines = tableText(columns, rows).trimEnd().split('\n')
  return lines
    .map((line) => (widest === null ? line : textWithin(line, widest)))
    .map((line, index) => (colours ? coloured(line, limits[index - headLines]?.limit.status ?? null) : line))
    .map((line) => `${line}\n`)
    .concat(budgets.flatMap(reasonLines))
    .join('')
}

function reasonLines({ name, pending_reason: reason }: ShownBudget): string[] {
  return reason === undefined || reason === null ? [] : [`${name} stays pending: ${reason}\n`]
}

const headLines = 2

function limitCells(limit: ShownLimit, timezone: string): string[] {
  const { spent, held, available, percent_used: percent, forecast, status } = limit
  return [
    limit.window ?? 'at once',
    `${amountText(limit.limit)} ${units[limit.quantity]}`,
    amountText(spent),
    amountText(held),
    amountText(available),
    percent === null ? '' : `${percent} %`,
    forecast === null ? '' : `~${roughText(forecast, spent)}`,
    status ?? 'pending',
    resetText(limit.window_end, timezone),
  ]
}

const units = { usd: 'USD', requests: 'calls', tokens: 'tokens', concurrent: 'calls' } as const

/** At least cents, and no zeros behind that say nothing. */
function amountText(amount: string | number | null): string {
  if (amount === null) return ''
  return grouped(typeof amount === 'number' ? amount : amount.replace(/(\.\d\d\d*?)0*$/, '$1'))
}

const roughPico = 100_000_000n

/**
 * A forecast to a hundredth of a cent, half of it rounded up: more of it would be made up. Where that would be less than
 * what is spent already, this. Exported for its test.
 */
export function roughText(forecast: Amount, spent: Amount | null): string {
  if (typeof forecast === 'number') return amountText(forecast)
  const rough = formatPico(((parseUsd(forecast) + roughPico / 2n) / roughPico) * roughPico)
  const isBelow = typeof spent === 'string' && parseUsd(rough) < parseUsd(spent)
  return amountText(isBelow ? spent : rough.slice(0, -8))
}

/** On the clock of the budget. */
function resetText(end: string | null, timezone: string): string {
  if (end === null) return ''
  const local = Temporal.Instant.from(end).toZonedDateTimeISO(timezone)
  const text = local.toString({ timeZoneName: 'never', smallestUnit: 'minute' })
  return text.replace('T', ' ').replace('+00:00', 'Z')
}

function scopeText({ scope }: ShownBudget): string {
  const fields = Object.entries(scope).flatMap(([field, value]) =>
    isList(value)
      ? [`${field}=${value.join('|')}`]
      : Object.entries(value).map(([tag, values]) => `tag:${tag}=${values.join('|')}`),
  )
  return fields.length === 0 ? 'all calls' : fields.join(' ')
}

function isList(value: ShownBudget['scope'][string]): value is readonly string[] {
  return Array.isArray(value)
}

const colourOf: Readonly<Record<string, number>> = { warning: 33, critical: 31, exceeded: 31, ok: 32 }

function coloured(line: string, status: string | null): string {
  const colour = status === null ? undefined : colourOf[status]
  return colour === undefined || status === null
    ? line
    : line.replace(new RegExp(`(?<=  )${status}(?=  |$)`), `\x1b[${colour}m${status}\x1b[0m`)
}

/**
 * What draws a text over the one before it, from the top of the terminal on, where nothing is left of that one.
 *
 * @param rows of the terminal: what does not fit is left out
 */
export function frameText(text: string, rows: number, first: boolean): string {
  const lines = text.trimEnd().split('\n')
  const fitting = lines.length < rows ? lines : [...lines.slice(0, Math.max(1, rows - 2)), '…']
  const drawn = fitting.map((line) => `${line}\x1b[K\n`).join('')
  return `${first ? '\x1b[2J' : ''}\x1b[H${drawn}\x1b[J`
}

/** A line for every limit that is not as it was before, for logs and pipes. */
export function changedLines(before: readonly ShownBudget[], now: readonly ShownBudget[]): string {
  const known = new Set(before.flatMap(limitLines))
  return now
    .flatMap(limitLines)
    .filter((line) => !known.has(line))
    .map((line) => `${line}\n`)
    .join('')
}

/** Without the forecast, which changes as time goes by. */
function limitLines({ name, limits, timezone, pending_reason: reason }: ShownBudget): string[] {
  const why = reason === undefined || reason === null ? '' : ` because ${reason}`
  return limits.map((limit) => {
    const [window, most, spent, held, available, used, , status, resets] = limitCells(limit, timezone)
    if (limit.status === null) return `${name} ${window}: limit ${most}, pending${why}`
    const reset = resets === '' ? '' : `, resets ${resets}`
    return `${name} ${window}: limit ${most}, spent ${spent}, held ${held}, available ${available}, used ${used}, ${status}${reset}`
  })
}
