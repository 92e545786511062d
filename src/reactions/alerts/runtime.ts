import type { AlertEvent } from '#core/alerting/alert.ts'
import type { Notification } from '#core/alerting/notification.ts'
import {
  type AlertCommit,
  type DeliveryOutcome,
  deliverWithinMs,
  type OutboxNotification,
  type PendingNotification,
} from '#core/alerting/outbox.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { errorText } from '#lib/error-text.ts'
import type { AlertStore, Clock, EntryBatch, EntryFeed, OpenEntryFeed, Timer, Timers } from '#ports.ts'
import { Pause } from '../pause.ts'
import { AlertEngine, type AlertRules } from './engine.ts'
import { isWorthAnAlert } from './notification-text.ts'
import { Progress } from './progress.ts'
import { bookmarkPart, toldFromPart } from './state-parts.ts'

interface RuntimeLog {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

interface RuntimeParts {
  readonly store: AlertStore
  readonly openFeed: OpenEntryFeed
  readonly clock: Clock
  readonly timers: Timers
  readonly log: RuntimeLog
  /** Told which receivers have something new in the outbox. */
  readonly onNotified: (receivers: ReadonlySet<string>) => void
}

/** How the runtime gets on, for people. */
interface RuntimeState {
  /** Settled calls taken since the process started. */
  readonly entries: number
  readonly skipped: number
  /** Null while the journal is followed. */
  readonly fault: string | null
}

const entriesAtOnce = 1_000
/**
 * Between two looks at the journal. Where it is being written to, a look at each entry alone would cost more than the entry;
 * where much of it is still to be read, which neither reading nor writing down lets go of the event loop, others get on.
 */
const gatherMs = 4
/** What is only counted on needs not be on disk at once: after a crash it is counted again. */
const saveAfterMs = 5_000
const saveAfterEntries = 100_000
const firstRetryMs = 250
const longestRetryMs = 10_000
/** What happened so long before alerts were first configured is known, but nobody is woken for it. */
const historyMs = 15 * 60_000

/** What is in force since the state was last read from the store. */
interface Loaded {
  engine: AlertEngine
  bookmark: string | null
  /** Events before it are not told. */
  readonly toldFromMs: number
  unsavedSinceMs: number | null
  unsavedEntries: number
  /** All that is in the journal was taken: what time alone ends may end. */
  caughtUp: boolean
}

/**
 * Follows the journal and writes, in one transaction each, the events that follow, the notifications that are due, the
 * state of what made them, and the place in the journal. Whenever the process dies, it goes on from the last
 * transaction: nothing is missing and nothing happens twice.
 */
export class AlertRuntime {
  readonly #parts: RuntimeParts
  readonly #pause: Pause
  #rules: AlertRules
  #loaded: Loaded | null = null
  #lastStep: Promise<unknown> = Promise.resolve()
  #timer: Timer | null = null
  #stopping = false
  #running: Promise<void> | null = null
  #feed: EntryFeed | null = null
  #entries = 0
  #skipped = 0
  #fault: string | null = null

  constructor(parts: RuntimeParts, rules: AlertRules) {
    this.#parts = parts
    this.#pause = new Pause(parts.timers)
    this.#rules = rules
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#pause.end()
    await this.#feed?.close()
    await this.#running
    await this.#exclusive(async () => {
      this.#timer?.cancel()
      if (this.#loaded !== null) await this.#save(this.#loaded)
    })
  }

  state(): RuntimeState {
    return { entries: this.#entries, skipped: this.#skipped, fault: this.#fault }
  }

  /** What fires now; null while that is not known: before the state was read. */
  firing(): readonly AlertEvent[] | null {
    return this.#loaded?.engine.firing() ?? null
  }

  /** Another configuration: what is known stays known. */
  async use(rules: AlertRules): Promise<void> {
    await this.#exclusive(async () => {
      const loaded = this.#loaded
      if (loaded === null) {
        this.#rules = rules
        return
      }
      const state = new Map(Object.entries(loaded.engine.state()))
      const { engine, events } = await this.#open(rules, state, loaded.bookmark)
      this.#rules = rules
      loaded.engine = engine
      await this.#step(loaded, { events, outcomes: [], saved: true })
    })
  }

  /** Silences have changed. */
  async silencesChanged(): Promise<void> {
    await this.#exclusive(async () => {
      const loaded = this.#loaded
      if (loaded === null) return
      const nowMs = this.#nowMs()
      loaded.engine.silencesAre(await this.#parts.store.silences(nowMs), nowMs)
      await this.#step(loaded, { events: [], outcomes: [], saved: true })
    })
  }

  /** Writes down what a try to deliver has led to, with the alert that it gives rise to. */
  async book(outcome: DeliveryOutcome, notification: PendingNotification): Promise<void> {
    await this.#exclusive(async () => {
      const loaded = await this.#load()
      const events = deliveryEvents(loaded.engine, outcome, notification)
      if (events.length > 0) await this.#step(loaded, { events, outcomes: [outcome], saved: true })
      else await this.#parts.store.commit({ ...nothing, nowMs: this.#nowMs(), outcomes: [outcome] })
    })
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs
    while (!this.#stopping) {
      const before = this.#entries
      try {
        const loaded = await this.#exclusive(() => this.#load())
        this.#feed = await this.#parts.openFeed(loaded.bookmark)
        this.#fault = null
        await this.#follow(this.#feed, loaded)
        await this.#feed.close()
      } catch (error) {
        await this.#feed?.close()
        if (this.#stopping) return
        if (this.#entries > before) retryMs = firstRetryMs
        this.#fault = errorText(error)
        this.#parts.log.error({ err: error, retryMs }, 'alerts cannot follow the journal; it is tried again')
        await this.#sleep(retryMs)
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }

  /** Until it is to end, or the state was read anew: the feed is then ahead of it. */
  async #follow(feed: EntryFeed, loaded: Loaded): Promise<void> {
    const progress = new Progress(this.#parts)
    while (!this.#stopping && this.#loaded === loaded) {
      const batch = await feed.next(entriesAtOnce)
      if (this.#stopping) return
      if (batch.bookmark === null) {
        progress.end()
        loaded.caughtUp = true
        await this.#exclusive(() => this.#turn(loaded))
        await feed.more()
      } else {
        await this.#exclusive(() => this.#take(loaded, batch))
        progress.took(batch.entries.length)
        loaded.caughtUp &&= batch.entries.length < entriesAtOnce / 2
        await this.#sleep(gatherMs)
      }
    }
  }

  async #take(loaded: Loaded, batch: EntryBatch): Promise<void> {
    if (this.#loaded !== loaded) return
    const events: AlertEvent[] = []
    try {
      for (const entry of batch.entries) events.push(...loaded.engine.take(entry))
    } catch (error) {
      this.#loaded = null
      throw error
    }
    loaded.bookmark = batch.bookmark
    loaded.unsavedSinceMs ??= this.#parts.clock.monotonicMs()
    loaded.unsavedEntries += batch.entries.length
    await this.#step(loaded, { events, outcomes: [], saved: loaded.unsavedEntries >= saveAfterEntries })
    this.#entries += batch.entries.length
    this.#skipped += batch.skipped
  }

  /** What follows from time alone. Only at the journal's end: before it, time is that of the entries. */
  async #turn(loaded: Loaded): Promise<void> {
    if (this.#loaded !== loaded) return
    const since = loaded.unsavedSinceMs
    const saved = since !== null && this.#parts.clock.monotonicMs() - since >= saveAfterMs
    const events = loaded.caughtUp ? loaded.engine.tick(this.#nowMs()) : []
    await this.#step(loaded, { events, outcomes: [], saved })
  }

  /** Tells of the events, and writes all of it down where there is something that must not be lost. */
  async #step(
    loaded: Loaded,
    {
      events,
      outcomes,
      saved,
    }: { events: readonly AlertEvent[]; outcomes: readonly DeliveryOutcome[]; saved: boolean },
  ): Promise<void> {
    const { onNotified } = this.#parts
    const nowMs = this.#nowMs()
    try {
      // The earlier one where the clock was ahead when alerts were first followed.
      const toldFromMs = Math.min(loaded.toldFromMs, nowMs - historyMs)
      const noted = events.map((event) => ({ event, told: event.atMs >= toldFromMs }))
      const toTell = noted.flatMap(({ event, told }) => (told ? [event] : []))
      if (toTell.length > 0) loaded.engine.tell(toTell, nowMs)
      const notifications = loaded.engine.due(nowMs).map(outboxNotification)
      if (saved || noted.length > 0 || notifications.length > 0 || outcomes.length > 0) {
        await this.#commit(loaded, { nowMs, events: noted, notifications, outcomes })
      }
      if (notifications.length > 0) onNotified(new Set(notifications.map(({ receiver }) => receiver)))
    } catch (error) {
      // What is in memory may be ahead of what is written: it goes on from there.
      this.#loaded = null
      throw error
    }
    this.#setTimer(loaded, nowMs)
  }

  async #commit(loaded: Loaded, what: Omit<AlertCommit, 'state'>): Promise<void> {
    const state: Record<string, string> = { ...loaded.engine.state(), [toldFromPart]: String(loaded.toldFromMs) }
    if (loaded.bookmark !== null) state[bookmarkPart] = loaded.bookmark
    await this.#parts.store.commit({ ...what, state })
    loaded.unsavedSinceMs = null
    loaded.unsavedEntries = 0
  }

  async #save(loaded: Loaded): Promise<void> {
    if (loaded.unsavedSinceMs === null) return
    await this.#commit(loaded, { ...nothing, nowMs: this.#nowMs() })
  }

  async #load(): Promise<Loaded> {
    if (this.#loaded !== null) return this.#loaded
    const state = await this.#parts.store.state()
    const bookmark = state.get(bookmarkPart) ?? null
    const toldFromMs = Number(state.get(toldFromPart) ?? this.#nowMs() - historyMs)
    const { engine, events } = await this.#open(this.#rules, state, bookmark)
    const loaded = { engine, bookmark, toldFromMs, unsavedSinceMs: null, unsavedEntries: 0, caughtUp: false }
    this.#loaded = loaded
    await this.#step(loaded, { events, outcomes: [], saved: !state.has(toldFromPart) })
    return loaded
  }

  async #open(rules: AlertRules, state: ReadonlyMap<string, string>, bookmark: string | null) {
    const { store, log } = this.#parts
    const nowMs = this.#nowMs()
    const silences = await store.silences(nowMs)
    const history = async (take: (entry: SettleEntry) => void) => {
      if (bookmark === null) return
      log.info({}, 'alerts: reading the journal for budgets that are new')
      await this.#readUntil(bookmark, take)
    }
    return await AlertEngine.open(rules, { state, silences, nowMs, history })
  }

  async #readUntil(bookmark: string, take: (entry: SettleEntry) => void): Promise<void> {
    const feed = await this.#parts.openFeed(null, bookmark)
    const progress = new Progress(this.#parts)
    try {
      for (;;) {
        const { entries, bookmark: reached } = await feed.next(entriesAtOnce)
        if (reached === null) break
        for (const entry of entries) take(entry)
        progress.took(entries.length)
        // Not the pause of those who follow the journal, which can be under way at the same time.
        await new Pause(this.#parts.timers).wait(gatherMs)
      }
    } finally {
      await feed.close()
    }
    progress.end()
  }

  #setTimer(loaded: Loaded, nowMs: number): void {
    this.#timer?.cancel()
    const nextAtMs = loaded.engine.nextAtMs()
    // Before that, time is that of the entries: every batch looks what is due.
    if (nextAtMs === null || this.#stopping || !loaded.caughtUp) return
    const delayMs = Math.min(Math.max(1, nextAtMs - nowMs), 3_600_000)
    this.#timer = this.#parts.timers.after(delayMs, () => {
      this.#exclusive(() => this.#turn(loaded)).catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'alerts that are due cannot be written down; it is tried again')
      })
    })
  }

  /** One after the other: between reading the state and writing it nothing else may happen to it. */
  #exclusive<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const step = this.#lastStep.then(run)
    // Met by whoever asked for it.
    this.#lastStep = step.catch(() => undefined)
    return step
  }

  #nowMs(): number {
    return this.#parts.clock.wallMs()
  }

  #sleep(delayMs: number): Promise<void> {
    return this.#stopping ? Promise.resolve() : this.#pause.wait(delayMs)
  }
}

const nothing: Omit<AlertCommit, 'nowMs'> = { events: [], notifications: [], outcomes: [], state: {} }

function deliveryEvents(
  engine: AlertEngine,
  { state, attempt }: DeliveryOutcome,
  { receiver, tries, giveUpAtMs, body }: PendingNotification,
): readonly AlertEvent[] {
  const atMs = attempt.startedAtMs + Math.round(attempt.durationMs)
  if (state === 'delivered') return engine.receiverWorks(receiver, atMs)
  if (state === 'pending' || !isWorthAnAlert(body)) return []
  const sinceMs = giveUpAtMs - deliverWithinMs
  return engine.receiverFails({ receiver, sinceMs, attempts: tries + 1, reason: attempt.detail }, atMs)
}

function outboxNotification(notification: Notification): OutboxNotification {
  const eventIds = [...notification.firing, ...notification.resolved].map(({ id }) => id)
  return { id: notification.id, receiver: notification.receiver, body: JSON.stringify(notification), eventIds }
}
