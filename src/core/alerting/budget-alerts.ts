import type { Budget, BudgetWindow, LimitStatus } from '#core/budget/budget.ts'
import { budgetWindows } from '#core/budget/budget.ts'
import { spentAtThreshold } from '#core/budget/crossing.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd, parseUsd } from '#core/money/usd-text.ts'
import type { AlertEvent } from './alert.ts'
import { labelsOfBudget } from './labels.ts'
import type { OpenAlerts } from './open-alerts.ts'

/** How a money limit stands in one window, [start, end). */
export interface LimitUse {
  readonly windowStartMs: number
  readonly windowEndMs: number
  readonly limitPicoUsd: PicoUsd
  readonly spentPicoUsd: PicoUsd
}

/** Spending rose to or over a threshold. */
export interface ThresholdCrossing extends LimitUse {
  readonly budget: string
  readonly window: BudgetWindow
  readonly thresholdPercent: number
}

/** How a money limit stands in the window that holds at a time; null where there is no such limit (any more). */
export type LimitAt = (budget: string, window: BudgetWindow, atMs: number) => LimitUse | null

/** JSON as it stands. Keys of windows for which calls were refused, and whose alert is over: it does not fire again. */
export type BudgetAlertsState = readonly string[]

const mark = 'budget_exceeded:'
const hourMs = 3_600_000
/** Of windows that are over; a call refused in one is settled at once, so few are ever asked for. */
const mostEnded = 1000

/** Thresholds that core/budget found crossed, and the first call that each budget refused in each window. */
export class BudgetAlerts {
  readonly #open: OpenAlerts
  readonly #limitAt: LimitAt
  readonly #labels: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly #ended: Set<string>

  constructor(
    open: OpenAlerts,
    known: { budgets: readonly Budget[]; limitAt: LimitAt },
    state: BudgetAlertsState = [],
  ) {
    this.#open = open
    this.#limitAt = known.limitAt
    this.#labels = new Map(known.budgets.map((budget) => [budget.name, labelsOfBudget(budget)]))
    this.#ended = new Set(state)
  }

  crossed(crossing: ThresholdCrossing, atMs: number): AlertEvent[] {
    const { budget, window, thresholdPercent, windowStartMs, windowEndMs } = crossing
    const key = JSON.stringify([budget, window, thresholdPercent, windowStartMs])
    if (this.#open.get('budget_threshold', key) !== undefined) return []
    const event = this.#open.begin({
      type: 'budget_threshold',
      key,
      severity: thresholdPercent < 95 ? 'warning' : 'critical',
      labels: { ...this.#labels.get(budget), budget, window },
      facts: { budget, window, threshold_percent: String(thresholdPercent), ...factsOf(crossing) },
      atMs,
      cause: String(atMs),
      until: { atMs: windowEndMs, reason: 'window_over' },
    })
    return [event]
  }

  /** Takes a refused call: one alert for each budget and window that its marks name. */
  take(entry: SettleEntry): AlertEvent[] {
    if (entry.errorCode !== 'budget_exceeded') return []
    return entry.marks.flatMap((text) => {
      const limit = limitOfMark(text)
      return limit === null ? [] : this.#exceeded(entry, limit.budget, limit.window)
    })
  }

  /** Ends what the limits, as they are now, no longer bear out: raised, taken away, or relieved by a correction. */
  limitsAre(statuses: readonly LimitStatus[], atMs: number): AlertEvent[] {
    const byLimit = new Map(
      statuses
        .filter(({ quantity }) => quantity === 'usd')
        .map((status) => [`${status.window}:${status.budget}`, status]),
    )
    const over = { atMs, reason: 'limit_changed' } as const
    return [...this.#open.of('budget_threshold'), ...this.#open.of('budget_exceeded')].flatMap(({ key, event }) => {
      const status = byLimit.get(`${event.facts['window']}:${event.facts['budget']}`)
      if (status !== undefined && !relieves(status, event)) return []
      return this.#open.end(event.type, key, over)
    })
  }

  /** To be told of alerts that time ended, so that a late entry of the same window does not begin them again. */
  ended(events: readonly AlertEvent[]): void {
    for (const { type, facts } of events) {
      if (type !== 'budget_exceeded') continue
      this.#ended.add(`${facts['window']}:${facts['budget']}:${facts['window_start']}`)
      const [oldest] = this.#ended
      if (this.#ended.size > mostEnded && oldest !== undefined) this.#ended.delete(oldest)
    }
  }

  state(): BudgetAlertsState {
    return [...this.#ended]
  }

  #exceeded(entry: SettleEntry, budget: string, window: BudgetWindow): AlertEvent[] {
    const { call, endedAtMs } = entry
    const use = this.#limitAt(budget, window, call.startedAtMs) ?? unknownUse(call.startedAtMs)
    const facts = { budget, window, ...factsOf(use) }
    const key = `${window}:${budget}:${facts.window_start}`
    if (this.#ended.has(key) || this.#open.get('budget_exceeded', key) !== undefined) return []
    const event = this.#open.begin({
      type: 'budget_exceeded',
      key,
      severity: 'critical',
      labels: { ...this.#labels.get(budget), budget, window },
      facts: { ...facts, model: call.modelRouted, call_id: call.callId, request_id: call.requestId },
      atMs: endedAtMs,
      cause: call.callId,
      until: { atMs: Math.max(use.windowEndMs, endedAtMs), reason: 'window_over' },
    })
    return [event]
  }
}

/**
 * Whether an alert of the window that holds is over with its limit as it is now: spending is below the threshold; or,
 * where calls were refused (which may be a little below the limit), the limit is higher than it was then.
 */
function relieves({ windowStartMs, limit, spent }: LimitStatus, { type, facts }: AlertEvent): boolean {
  if (windowStartMs === null || new Date(windowStartMs).toISOString() !== facts['window_start']) return false
  if (type === 'budget_threshold') return spent < spentAtThreshold(limit, Number(facts['threshold_percent']))
  return facts['limit_usd'] !== undefined && limit > parseUsd(facts['limit_usd'])
}

/** Of a refusal under a budget that is not known here (its configuration changed meanwhile): the clock's hour. */
function unknownUse(atMs: number): Pick<LimitUse, 'windowStartMs' | 'windowEndMs'> {
  const windowStartMs = atMs - (atMs % hourMs)
  return { windowStartMs, windowEndMs: windowStartMs + hourMs }
}

function factsOf(use: Pick<LimitUse, 'windowStartMs' | 'windowEndMs'> & Partial<LimitUse>) {
  const { windowStartMs, windowEndMs, limitPicoUsd, spentPicoUsd } = use
  const money: Record<string, string> = {}
  if (limitPicoUsd !== undefined && spentPicoUsd !== undefined) {
    money['limit_usd'] = formatUsd(limitPicoUsd)
    money['spent_usd'] = formatUsd(spentPicoUsd)
    money['remaining_usd'] = formatUsd(picoUsd(limitPicoUsd > spentPicoUsd ? limitPicoUsd - spentPicoUsd : 0n))
    if (limitPicoUsd > 0n) money['percent_used'] = String((spentPicoUsd * 100n) / limitPicoUsd)
  }
  const [window_start, window_end] = [windowStartMs, windowEndMs].map((ms) => new Date(ms).toISOString())
  return { ...money, window_start: window_start ?? '', window_end: window_end ?? '' }
}

/** `budget_exceeded:<budget>:<window>`; a budget's name may have colons. */
function limitOfMark(text: string): { budget: string; window: BudgetWindow } | null {
  if (!text.startsWith(mark)) return null
  const colon = text.lastIndexOf(':')
  const window = budgetWindows.find((name) => name === text.slice(colon + 1))
  return window === undefined || colon < mark.length ? null : { budget: text.slice(mark.length, colon), window }
}
