import type { Budget, LimitStatus } from '#core/budget/budget.ts'
import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { AlertEvent } from './alert.ts'
import { BudgetAlerts, type BudgetAlertsState, type LimitAt, type ThresholdCrossing } from './budget-alerts.ts'
import { DuplicatePrompt, type DuplicatePromptState } from './duplicate-prompt.ts'
import { HourlyCost, type HourlyCostState } from './hourly-cost.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import { OpenAlerts, type OpenAlertsState } from './open-alerts.ts'
import { OversizedRequest } from './oversized-request.ts'
import { UnpricedModel } from './unpriced-model.ts'
import { UpstreamErrors, type UpstreamErrorsState } from './upstream-errors.ts'

interface WatchOptions {
  readonly live: LiveThresholds
  readonly budgets: readonly Budget[]
  readonly limitAt: LimitAt
}

/** JSON as it stands. */
export interface WatchState {
  readonly version: 1
  readonly open: OpenAlertsState
  readonly budgets: BudgetAlertsState
  readonly hours: HourlyCostState
  readonly prompts: DuplicatePromptState
  readonly upstreams: UpstreamErrorsState
}

/** A receiver that messages do not reach. */
export interface FailingReceiver {
  readonly receiver: string
  readonly sinceMs: number
  readonly attempts: number
  /** What went wrong last, without secrets. */
  readonly reason: string
}

/**
 * Makes events of ledger entries. What fires depends on the entries and their order alone, never on when `tick` was
 * called; so the same entries make the same events with the same ids, whatever process reads them, and with a state in
 * between as without. Memory is bounded whatever callers name things; each kind of alert says what happens there.
 *
 * `tick` is for when all entries up to about `nowMs` were taken: a tick ahead of them ends alerts that they would have
 * prolonged.
 */
export class Watch {
  readonly #open: OpenAlerts
  readonly #budgets: BudgetAlerts
  readonly #hourly: HourlyCost
  readonly #oversized: OversizedRequest
  readonly #duplicates: DuplicatePrompt
  readonly #unpriced: UnpricedModel
  readonly #upstreams: UpstreamErrors

  constructor({ live, budgets, limitAt }: WatchOptions, state?: WatchState) {
    this.#open = new OpenAlerts(state?.open)
    this.#budgets = new BudgetAlerts(this.#open, { budgets, limitAt }, state?.budgets)
    this.#hourly = new HourlyCost(this.#open, live, state?.hours)
    this.#oversized = new OversizedRequest(this.#open, live)
    this.#duplicates = new DuplicatePrompt(this.#open, live, state?.prompts)
    this.#unpriced = new UnpricedModel(this.#open, live.unpricedModels)
    this.#upstreams = new UpstreamErrors(this.#open, live, state?.upstreams)
  }

  /** Takes the next settled call of the journal. */
  take(entry: SettleEntry): readonly AlertEvent[] {
    // Others may date their costs as they like: that must not end what fires here.
    const over = entry.marks.includes(externalMark) ? [] : this.tick(entry.endedAtMs)
    return [
      ...over,
      ...this.#budgets.take(entry),
      ...this.#hourly.take(entry),
      ...this.#oversized.take(entry),
      ...this.#duplicates.take(entry),
      ...this.#unpriced.take(entry),
      ...this.#upstreams.take(entry),
    ]
  }

  /** @param atMs when the call that crossed ended, or the limit was changed. */
  crossed(crossing: ThresholdCrossing, atMs: number): readonly AlertEvent[] {
    return this.#budgets.crossed(crossing, atMs)
  }

  /** All limits as they stand, after budgets were changed or an amount was corrected downwards. */
  limitsAre(statuses: readonly LimitStatus[], atMs: number): readonly AlertEvent[] {
    return this.#budgets.limitsAre(statuses, atMs)
  }

  receiverFails(failing: FailingReceiver, atMs: number): readonly AlertEvent[] {
    const { receiver, sinceMs, attempts, reason } = failing
    if (this.#open.get('delivery_failure', receiver) !== undefined) return []
    const event = this.#open.begin({
      type: 'delivery_failure',
      key: receiver,
      severity: 'critical',
      labels: { receiver },
      facts: { receiver, failing_since: new Date(sinceMs).toISOString(), attempts: String(attempts), error: reason },
      atMs,
      cause: String(sinceMs),
      until: null,
    })
    return [event]
  }

  /** A message reached a receiver, or there is no such receiver any more. */
  receiverWorks(receiver: string, atMs: number): readonly AlertEvent[] {
    return this.#open.end('delivery_failure', receiver, { atMs, reason: 'delivered' })
  }

  /** Ends what is over by then. */
  tick(nowMs: number): readonly AlertEvent[] {
    const over = this.#open.due(nowMs)
    this.#budgets.ended(over)
    return over
  }

  /** When `tick` should be called next, at the latest; null where nothing waits. */
  nextAtMs(): number | null {
    return this.#open.nextAtMs()
  }

  /** What fires, oldest first by type. */
  firing(): readonly AlertEvent[] {
    return this.#open.state().map(({ event }) => event)
  }

  state(): WatchState {
    return {
      version: 1,
      open: this.#open.state(),
      budgets: this.#budgets.state(),
      hours: this.#hourly.state(),
      prompts: this.#duplicates.state(),
      upstreams: this.#upstreams.state(),
    }
  }
}
