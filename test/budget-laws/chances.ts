import { emptyPayer, type Payer } from '#core/attribution/payer.ts'
import type { AdmittedCall, Amounts } from '#core/budget/amounts.ts'
import type { Budget, BudgetLimit, BudgetScope, OnExceeded } from '#core/budget/budget.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import type { Chance } from '#test/simulation/chance.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/St_Johns'] as const
const noScope: BudgetScope = { payer: {}, tags: {}, keys: null, models: null, providers: null }

const scopes: readonly [BudgetScope, ...BudgetScope[]] = [
  noScope,
  { ...noScope, payer: { department: ['a'] } },
  { ...noScope, payer: { department: ['a', 'b'], project: ['x'] } },
  { ...noScope, tags: { env: ['prod'] } },
  { ...noScope, keys: ['one', 'key_2'] },
  { ...noScope, models: ['gpt-*'] },
  { ...noScope, providers: ['openai'], payer: { department: ['b'] } },
]

const payers: readonly [Payer, ...Payer[]] = [
  { ...emptyPayer, department: 'a', project: 'x' },
  { ...emptyPayer, department: 'a' },
  { ...emptyPayer, department: 'b', project: 'x', tags: { env: 'prod' } },
  { ...emptyPayer, department: 'b', tags: { env: 'test' } },
  emptyPayer,
]

const thresholds: readonly [readonly number[], ...(readonly number[])[]] = [
  [80, 95, 100],
  [50],
  [10, 20, 30, 90, 120],
  [100],
  [],
]

export function someLimit(chance: Chance): BudgetLimit {
  const window = chance.of(['minute', 'hour', 'day', 'week', 'month'] as const)
  switch (chance.of(['usd', 'usd', 'usd', 'requests', 'tokens', 'concurrent'] as const)) {
    case 'usd':
      return { quantity: 'usd', window, picoUsd: picoUsd(BigInt(chance.whole(1, 4000))) }
    case 'requests':
      return { quantity: 'requests', window, count: chance.whole(1, 30) }
    case 'tokens':
      return { quantity: 'tokens', window, count: chance.whole(1, 3000) }
    case 'concurrent':
      return { quantity: 'concurrent', count: chance.whole(1, 8) }
  }
}

function someLimits(chance: Chance): BudgetLimit[] {
  const limits = new Map<string, BudgetLimit>()
  for (let i = chance.whole(1, 4); i > 0; i--) {
    const limit = someLimit(chance)
    limits.set(`${limit.quantity} ${limit.quantity === 'concurrent' ? '' : limit.window}`, limit)
  }
  return [...limits.values()]
}

function someEnd(chance: Chance): OnExceeded {
  return chance.of([
    { kind: 'block' },
    { kind: 'block' },
    { kind: 'block' },
    { kind: 'notify' },
    { kind: 'reroute', model: 'cheap' },
  ] as const)
}

export function someBudget(chance: Chance, name: string): Budget {
  return {
    name,
    scope: chance.of(scopes),
    timezone: chance.of(zones),
    monthStartDay: chance.of([1, 1, 15, 28]),
    limits: someLimits(chance),
    thresholds: chance.of(thresholds),
    onExceeded: someEnd(chance),
    nearLimit: 'shrink',
    unbounded: 'assume',
  }
}

export function someBudgets(chance: Chance): Budget[] {
  return Array.from({ length: chance.whole(0, 4) }, (_, index) => someBudget(chance, `b${index}`))
}

/** What an operator would do to the file. `strict`: nothing that leaves more spent than a limit allows. */
export function edited(chance: Chance, budgets: readonly Budget[], strict: boolean): Budget[] {
  const index = chance.whole(0, budgets.length)
  const budget = budgets[index]
  if (budget === undefined) {
    return strict ? [...budgets] : [...budgets, someBudget(chance, `b${chance.whole(0, 6)}`)].filter(unlikeOthers)
  }
  const change = (rest: Partial<Budget>): Budget[] => budgets.with(index, { ...budget, ...rest })
  switch (chance.of(['raise', 'thresholds', 'lower', 'end', 'limits', 'scope', 'zone', 'remove', 'order'] as const)) {
    case 'raise':
      return change({ limits: budget.limits.map((limit) => scaled(limit, 2)) })
    case 'thresholds':
      return change({ thresholds: chance.of(thresholds) })
    case 'order':
      return budgets.toReversed()
    case 'remove':
      return budgets.toSpliced(index, 1)
    case 'lower':
      return strict ? [...budgets] : change({ limits: budget.limits.map((limit) => scaled(limit, 0.5)) })
    case 'end':
      return strict ? [...budgets] : change({ onExceeded: someEnd(chance) })
    case 'limits':
      return strict ? [...budgets] : change({ limits: someLimits(chance) })
    case 'scope':
      return strict ? [...budgets] : change({ scope: chance.of(scopes) })
    case 'zone':
      return strict ? [...budgets] : change({ timezone: chance.of(zones) })
  }
}

function unlikeOthers(budget: Budget, index: number, all: readonly Budget[]): boolean {
  return all.findIndex(({ name }) => name === budget.name) === index
}

function scaled(limit: BudgetLimit, factor: number): BudgetLimit {
  if (limit.quantity === 'usd') {
    return { ...limit, picoUsd: picoUsd(BigInt(Math.max(1, Math.round(Number(limit.picoUsd) * factor)))) }
  }
  return { ...limit, count: Math.max(1, Math.round(limit.count * factor)) }
}

export function someCall(chance: Chance, callId: string, startedAtMs: number): AdmittedCall {
  const payer = chance.of(payers)
  return {
    callId,
    startedAtMs,
    payer: chance.happens(0.3) ? { ...payer, userId: callId } : payer,
    keyId: chance.of(['cfg_one', 'key_2', 'cfg_three']),
    upstream: chance.of(['openai', 'azure']),
    modelRouted: chance.of(['gpt-4.1', 'claude', 'cheap']),
  }
}

export function someAmounts(chance: Chance): Amounts {
  const most = chance.of([0, 20, 200, 2000])
  return { picoUsd: picoUsd(BigInt(chance.whole(0, most))), tokens: chance.whole(0, most) }
}

/** No more than was held, unless `over`. */
export function partOf(chance: Chance, { picoUsd: money, tokens }: Amounts, over: boolean): Amounts {
  const percent = over ? chance.whole(100, 300) : chance.whole(0, 100)
  return { picoUsd: picoUsd((money * BigInt(percent)) / 100n), tokens: Math.floor((tokens * percent) / 100) }
}

export function someStepMs(chance: Chance, backwards: boolean): number {
  const ms = chance.of([1, 1000, 20_000, minuteMs, 10 * minuteMs, hourMs, 5 * hourMs, 24 * hourMs, 30 * 24 * hourMs])
  return chance.whole(0, ms) * (backwards && chance.happens(0.2) ? -1 : 1)
}

/** Just before something happens to the clocks or the calendar. */
export function someStart(chance: Chance): number {
  const eve = chance.of([
    '2026-03-29T00:50Z',
    '2026-10-25T00:20Z',
    '2026-11-01T05:30Z',
    '2026-04-04T14:40Z',
    '2026-12-31T22:50Z',
    '2026-06-14T12:00Z',
  ])
  return Date.parse(eve) + chance.whole(0, hourMs)
}
