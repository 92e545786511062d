import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { AlertEvent } from './alert.ts'
import { DuplicatePrompt, type DuplicatePromptState } from './duplicate-prompt.ts'
import { HourlyCost, type HourlyCostState } from './hourly-cost.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import { OpenAlerts } from './open-alerts.ts'
import { OversizedRequest } from './oversized-request.ts'

/** JSON as it stands. */
export interface SetOffState {
  readonly hours: HourlyCostState
  readonly prompts: DuplicatePromptState
}

/**
 * How many alerts a cost from outside sets off, for its answer. By the rules of `Watch` for whatever such a cost can set
 * off, but for budgets, whose crossings the book of budgets tells; and without the work for calls that only calls need:
 * those are just added to their hour.
 *
 * Repeated prompts are looked for among costs from outside alone. Calls have keys and those have none, so they share no
 * prompts.
 */
export class SetOff {
  /** Nobody asks it what fires: it is emptied as soon as it has something. */
  readonly #open = new OpenAlerts()
  readonly #hourly: HourlyCost
  readonly #oversized: OversizedRequest
  readonly #duplicates: DuplicatePrompt

  constructor(live: LiveThresholds, state?: SetOffState) {
    this.#hourly = new HourlyCost(this.#open, live, state?.hours)
    this.#oversized = new OversizedRequest(this.#open, live)
    this.#duplicates = new DuplicatePrompt(this.#open, live, state?.prompts)
  }

  /** Takes the next settled call of the journal; the count is of alerts that begin with it. */
  take(entry: SettleEntry): number {
    const events: AlertEvent[] = this.#hourly.take(entry)
    if (entry.marks.includes(externalMark)) events.push(...this.#oversized.take(entry), ...this.#duplicates.take(entry))
    if (events.length === 0) return 0
    this.#open.due(Infinity)
    return events.filter(({ status }) => status === 'firing').length
  }

  state(): SetOffState {
    return { hours: this.#hourly.state(), prompts: this.#duplicates.state() }
  }
}
