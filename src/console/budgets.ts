import { z } from 'zod'
import {
  type Budget,
  type BudgetLimit,
  budgetWindows,
  type LimitStatus,
  unboundedRules,
  windowOf,
} from '#core/budget/budget.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { closest } from '#lib/closest.ts'
import { isoText } from '#lib/iso-text.ts'
import { NothingThere } from './problems.ts'
import { type BudgetBoard, type BudgetStates, resource } from './route.ts'
import { time } from './schemas.ts'

const names = z.array(z.string())

const amount = z
  .union([z.string(), z.number()])
  .meta({ description: 'Of money exact decimal text with 12 places, of requests, tokens and calls a number.' })

const states = ['ok', 'warning', 'critical', 'exceeded'] as const

const limitSchema = z.object({
  quantity: z.enum(['usd', 'requests', 'tokens', 'concurrent']),
  window: z.enum(budgetWindows).nullable().describe('null: calls under way have none'),
  currency: z.literal('USD').nullable().describe('Of the amounts; null where they are counts'),
  limit: amount,
  spent: amount.nullable().describe('null here and below: it is still being added up'),
  held: amount.nullable().describe('Set aside for calls under way'),
  available: amount.nullable().describe('limit less spent and held'),
  percent_used: z.number().nullable().describe('Of the limit, spent; rounded down to tenths'),
  status: z.enum(states).nullable(),
  window_start: time.nullable(),
  window_end: time.nullable().describe('When it is reset'),
  forecast: amount.nullable().describe('Spent by the end of the window, if it goes on like this; null early in it'),
})

const statusSchema = z.object({
  name: z.string(),
  pending: z.boolean().describe('true: what it has spent is being added up from the journal'),
  pending_reason: z.string().nullable().describe('Why it stays pending; null: it does not, as far as is known'),
  status: z.enum(states).nullable().describe('Of its limits, the worst; null while none is known'),
  limits: z.array(limitSchema),
})

const budgetSchema = statusSchema
  .extend({
    scope: z
      .record(z.string(), z.union([names, z.record(z.string(), names)]))
      .describe('Whose calls it is about: every field that is named has one of its values. {}: all calls'),
    timezone: z.string(),
    month_start_day: z.int(),
    thresholds: z.array(z.number()).describe('Percent of each limit of money'),
    on_exceeded: z.union([z.enum(['block', 'notify']), z.object({ reroute: z.string() })]),
    near_limit: z.enum(['shrink', 'refuse']),
    unbounded: z.enum(unboundedRules).describe('What becomes of calls whose cost nobody bounds'),
  })
  .meta({ description: 'A budget as it is configured, and where it stands.' })

type LimitJson = z.infer<typeof limitSchema>
type StatusJson = z.infer<typeof statusSchema>
type BudgetJson = z.infer<typeof budgetSchema>

const readOnly =
  'Budgets are defined in the configuration file, under "budgets"; the file is read again as soon as it changes.'

export const budgets = resource({
  method: 'GET',
  path: '/api/v1/budgets',
  summary: 'All budgets, with what is spent, held and available of each of their limits now',
  permission: 'admin',
  answer: z.object({ data: z.array(budgetSchema) }),
  readOnly,
  async handle({ budgets: board }) {
    // Where there are none, nobody has to be asked.
    const configured = board.configured()
    const known = configured.length === 0 ? { limits: [], pending: [], unreadable: null } : await board.states()
    return { data: configured.map((one) => budgetJson(one, known)) }
  },
})

export const budget = resource({
  method: 'GET',
  path: '/api/v1/budgets/{name}',
  summary: 'One budget',
  permission: 'admin',
  answer: budgetSchema,
  readOnly,
  async handle({ budgets: board }, { params }) {
    const found = named(board, params['name'] ?? '')
    return budgetJson(found, await board.states())
  },
})

export const budgetStatus = resource({
  method: 'GET',
  path: '/api/v1/budgets/{name}/status',
  summary: 'Where one budget stands, without how it is configured',
  permission: 'admin',
  answer: statusSchema,
  readOnly,
  async handle({ budgets: board }, { params }) {
    const found = named(board, params['name'] ?? '')
    return statusJson(found, await board.states())
  },
})

type Known = BudgetStates

function named(board: BudgetBoard, name: string): Budget {
  const all = board.configured()
  const found = all.find((one) => one.name === name)
  if (found !== undefined) return found
  const near = closest(
    name,
    all.map((one) => one.name),
    { most: 1 },
  )
  const perhaps = near.length === 0 ? 'GET /api/v1/budgets lists them.' : `Perhaps ${near.join()}?`
  throw new NothingThere(`There is no budget ${name.slice(0, 100)}. ${perhaps}`)
}

function budgetJson(one: Budget, known: Known): BudgetJson {
  const { name, ...state } = statusJson(one, known)
  return {
    name,
    scope: scopeJson(one),
    timezone: one.timezone,
    month_start_day: one.monthStartDay,
    thresholds: [...one.thresholds],
    on_exceeded: one.onExceeded.kind === 'reroute' ? { reroute: one.onExceeded.model } : one.onExceeded.kind,
    near_limit: one.nearLimit,
    unbounded: one.unbounded,
    ...state,
  }
}

/** By the names of the configuration and of reports. */
const payerNames = {
  department: 'department',
  project: 'project',
  costCenter: 'cost_center',
  userId: 'user_id',
  sessionId: 'session_id',
  featureFlag: 'feature_flag',
  requestPath: 'request_path',
} as const satisfies Record<keyof Budget['scope']['payer'], string>

function scopeJson({ scope }: Budget): BudgetJson['scope'] {
  const { payer, tags, keys, models, providers } = scope
  const json: BudgetJson['scope'] = {}
  for (const [field, values] of Object.entries(payer)) json[payerNames[field as keyof typeof payerNames]] = [...values]
  if (Object.keys(tags).length > 0) {
    json['tags'] = Object.fromEntries(Object.entries(tags).map(([tag, values]) => [tag, [...values]]))
  }
  for (const [field, values] of Object.entries({ key: keys, model: models, provider: providers })) {
    if (values !== null) json[field] = [...values]
  }
  return json
}

function statusJson({ name, limits }: Budget, known: Known): StatusJson {
  const found = limits.map((limit) => ({ limit, state: stateOf(name, limit, known) }))
  const worst = Math.max(...found.map(({ state }) => (state === null ? -1 : states.indexOf(state.state))))
  const pending = known.pending.includes(name) || found.some(({ state }) => state === null)
  return {
    name,
    // Of a budget that the gateway has not heard of yet, nothing is known either.
    pending,
    pending_reason: pending ? known.unreadable : null,
    status: states[worst] ?? null,
    limits: found.map(({ limit, state }) => (state === null ? pendingJson(limit) : limitJson(state))),
  }
}

function stateOf(budget: string, limit: BudgetLimit, { limits }: Known): LimitStatus | null {
  const window = windowOf(limit)
  const isThat = (state: LimitStatus) =>
    state.budget === budget && state.quantity === limit.quantity && state.window === window
  return limits.find(isThat) ?? null
}

function limitJson(state: LimitStatus): LimitJson {
  const { quantity, window } = state
  const shown = (value: bigint): string | number => (quantity === 'usd' ? formatUsd(picoUsd(value)) : Number(value))
  return {
    quantity,
    window,
    currency: quantity === 'usd' ? 'USD' : null,
    limit: shown(state.limit),
    spent: shown(state.spent),
    held: shown(state.held),
    available: shown(state.available),
    percent_used: state.permilleUsed / 10,
    status: state.state,
    window_start: isoText(state.windowStartMs),
    window_end: isoText(state.windowEndMs),
    forecast: state.forecast === null ? null : shown(state.forecast),
  }
}

function pendingJson(limit: BudgetLimit): LimitJson {
  const unknown = { spent: null, held: null, available: null, percent_used: null, status: null }
  return {
    quantity: limit.quantity,
    window: windowOf(limit),
    currency: limit.quantity === 'usd' ? 'USD' : null,
    limit: limit.quantity === 'usd' ? formatUsd(limit.picoUsd) : limit.count,
    ...unknown,
    window_start: null,
    window_end: null,
    forecast: null,
  }
}
