import type { AlertEvent } from '#core/alerting/alert.ts'
import type { ThresholdCrossing } from '#core/alerting/budget-alerts.ts'
import { Dispatcher, type DispatcherState } from '#core/alerting/dispatch.ts'
import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { InhibitRule, Route, Silence } from '#core/alerting/routing.ts'
import { type FailingReceiver, Watch, type WatchState } from '#core/alerting/watch.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget, BudgetWindow } from '#core/budget/budget.ts'
import type { Crossing } from '#core/budget/crossing.ts'
import { amountsOf } from '#core/budget/posting.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { globMatcher } from '#lib/glob.ts'

/** What the configuration says about alerts. */
export interface AlertRules {
  readonly budgets: readonly Budget[]
  readonly live: LiveThresholds
  readonly receivers: readonly Receiver[]
  readonly routes: readonly Route[]
  readonly inhibit: readonly InhibitRule[]
}

interface EngineStart {
  /** What `state` of an earlier one said; parts that are not there begin anew. */
  readonly state: ReadonlyMap<string, string>
  readonly silences: readonly Silence[]
  readonly nowMs: number
  /** Reads every settled call that has been taken so far, for a budget that is new. */
  readonly history: (take: (entry: SettleEntry) => void) => Promise<void>
}

interface Saved {
  readonly watch: WatchState
  readonly dispatcher: DispatcherState
  readonly budgets: ReturnType<BudgetBook['snapshot']>
  /** Up to when entries were taken. */
  readonly asOfMs: number
}

/**
 * Makes events of entries, and notifications of events: the pure parts of the core put together. All of its state can be
 * written down and taken up, under another configuration too.
 */
export class AlertEngine {
  readonly #book: BudgetBook
  readonly #watch: Watch
  readonly #dispatcher: Dispatcher
  #asOfMs: number
  /** The call that is being looked at. */
  #entry: SettleEntry | null = null

  private constructor(book: BudgetBook, rules: AlertRules, { state, silences, nowMs }: EngineStart) {
    const saved = savedParts(state)
    const { budgets, live, receivers, routes, inhibit } = rules
    this.#book = book
    this.#asOfMs = saved.asOfMs ?? 0
    const limitAt = (budget: string, window: BudgetWindow) => this.#limitOf(budget, window)
    this.#watch = new Watch({ live, budgets, limitAt }, saved.watch)
    const options = { receivers, routes, inhibit, silences }
    this.#dispatcher = new Dispatcher(options, saved.dispatcher && { state: saved.dispatcher, nowMs })
  }

  /** With the events that follow from a configuration that has changed since the state was written down. */
  static async open(
    rules: AlertRules,
    start: EngineStart,
  ): Promise<{ readonly engine: AlertEngine; readonly events: readonly AlertEvent[] }> {
    const budgets = rules.budgets.map(moneyOnly)
    const { budgets: snapshot, asOfMs } = savedParts(start.state)
    const book = new BudgetBook(budgets, globMatcher)
    if (snapshot !== undefined) book.restore(snapshot)
    const pending = book.pending()
    if (pending.length > 0) {
      const fold = book.fold(pending, asOfMs ?? start.nowMs)
      await start.history((entry) => fold.add(entry.call, amountsOf(entry)))
      fold.adopt()
    }
    const engine = new AlertEngine(book, rules, start)
    return { engine, events: asOfMs === undefined ? [] : engine.#limitsNow(start.nowMs) }
  }

  take(entry: SettleEntry): readonly AlertEvent[] {
    this.#asOfMs = Math.max(this.#asOfMs, entry.call.startedAtMs)
    const crossings = this.#book.book(entry.call, amountsOf(entry))
    this.#entry = entry
    const events = this.#watch.take(entry)
    if (crossings.length === 0) return events
    return [...events, ...crossings.flatMap((crossing) => this.#watch.crossed(threshold(crossing), entry.endedAtMs))]
  }

  /** What follows from time alone, once all entries up to about now were taken. */
  tick(nowMs: number): readonly AlertEvent[] {
    return this.#watch.tick(nowMs)
  }

  receiverFails(failing: FailingReceiver, atMs: number): readonly AlertEvent[] {
    return this.#watch.receiverFails(failing, atMs)
  }

  receiverWorks(receiver: string, atMs: number): readonly AlertEvent[] {
    return this.#watch.receiverWorks(receiver, atMs)
  }

  /** Events that somebody is to be told of. */
  tell(events: readonly AlertEvent[], nowMs: number): void {
    this.#dispatcher.take(events, nowMs)
  }

  silencesAre(silences: readonly Silence[], nowMs: number): void {
    this.#dispatcher.silencesAre(silences, nowMs)
  }

  /** What is to be sent now; each is given once. */
  due(nowMs: number): readonly Notification[] {
    return this.#dispatcher.due(nowMs)
  }

  /** What fires now. */
  firing(): readonly AlertEvent[] {
    return this.#watch.firing()
  }

  /** When to tick and to ask for what is due again; null where nothing waits. */
  nextAtMs(): number | null {
    const [watch, dispatcher] = [this.#watch.nextAtMs(), this.#dispatcher.nextAtMs()]
    if (watch === null || dispatcher === null) return watch ?? dispatcher
    return Math.min(watch, dispatcher)
  }

  /** All of it as texts, by name. */
  state(): Readonly<Record<keyof Saved, string>> {
    return {
      watch: JSON.stringify(this.#watch.state()),
      dispatcher: JSON.stringify(this.#dispatcher.state()),
      budgets: JSON.stringify(this.#book.snapshot()),
      asOfMs: String(this.#asOfMs),
    }
  }

  /**
   * Limits were raised, lowered, added or taken away. Looked at as of the last entry: looking ahead would close windows
   * whose last entries are still to be read.
   */
  #limitsNow(nowMs: number): AlertEvent[] {
    const over = this.#watch.limitsAre(this.#book.status(this.#asOfMs), nowMs)
    const crossed = this.#book.crossings(this.#asOfMs)
    return [...over, ...crossed.flatMap((crossing) => this.#watch.crossed(threshold(crossing), nowMs))]
  }

  /** The limit that refused the call at hand, in the window of that call. */
  #limitOf(budget: string, window: BudgetWindow) {
    if (this.#entry === null) return null
    const { call } = this.#entry
    const account = this.#book
      .accountsOf(call)
      .limits.find((one) => one.budget.name === budget && one.window === window && one.quantity === 'usd')
    const bucket = account?.bucketAt(call.startedAtMs)
    if (account === undefined || bucket === undefined) return null
    return {
      windowStartMs: bucket.startMs,
      windowEndMs: bucket.endMs,
      limitPicoUsd: picoUsd(account.limit),
      spentPicoUsd: picoUsd(bucket.spent),
    }
  }
}

/** Thresholds are of money only: the rest need not be counted here. */
function moneyOnly(budget: Budget): Budget {
  return { ...budget, limits: budget.limits.filter(({ quantity }) => quantity === 'usd') }
}

function threshold({ limit, spent, ...crossing }: Crossing): ThresholdCrossing {
  return { ...crossing, limitPicoUsd: picoUsd(limit), spentPicoUsd: picoUsd(spent) }
}

function savedParts(state: ReadonlyMap<string, string>): Partial<Saved> {
  const names = ['watch', 'dispatcher', 'budgets', 'asOfMs'] as const
  const parts = names.flatMap((name) => {
    const text = state.get(name)
    return text === undefined ? [] : [[name, JSON.parse(text)]]
  })
  return Object.fromEntries(parts)
}
