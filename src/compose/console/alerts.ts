import { hostname } from 'node:os'
import type { Config } from '#config/config.ts'
import type { AlertDesk } from '#console/route.ts'
import type { AlertEvent } from '#core/alerting/alert.ts'
import type { Deliverer, DeliveryAnswer } from '#core/alerting/delivery.ts'
import { notificationMessage } from '#core/alerting/message.ts'
import type { DeliveryOutcome, PendingNotification } from '#core/alerting/outbox.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { createDeliverer } from '#edge/delivery/delivery.ts'
import { makeSystemIds, systemClock, systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'
import type { AlertStore, Timer } from '#ports.ts'
import { Desk } from '#reactions/alerts/desk.ts'
import type { AlertRules } from '#reactions/alerts/engine.ts'
import { Lanes } from '#reactions/alerts/lanes.ts'
import { readNotification } from '#reactions/alerts/notification-text.ts'
import { AlertRuntime } from '#reactions/alerts/runtime.ts'
import { renderMessage } from '#reactions/receivers/render.ts'
import { dataPath } from '#store/data-paths.ts'
import { openEntryFeed } from '#store/journal/feed.ts'

const tidyEveryMs = 3_600_000
const dayMs = 86_400_000

export type OnTried = (receiver: string, outcome: DeliveryOutcome) => void

/** All that follows from entries as alerts: events, the outbox, deliveries, and what people ask about them. */
export class AlertSide {
  readonly desk: AlertDesk
  readonly #log: Log
  readonly #store: AlertStore
  readonly #runtime: AlertRuntime
  readonly #lanes: Lanes
  #config: Config
  #deliverer: Deliverer
  #tidying: Timer | null = null
  #tidied: Promise<void> = Promise.resolve()

  /** `onTried` is told of every try to deliver, once it is booked; it must not throw. */
  constructor(config: Config, store: AlertStore, log: Log, onTried: OnTried = () => undefined) {
    const clock = systemClock
    this.#config = config
    this.#log = log
    this.#store = store
    this.#deliverer = delivererFor(config, log)
    this.#lanes = new Lanes({
      store: this.#store,
      clock,
      timers: systemTimers,
      ids: makeSystemIds(),
      send: (receiver, pending) => this.#send(receiver, pending),
      book: async (outcome, pending) => {
        await this.#runtime.book(outcome, pending)
        onTried(pending.receiver, outcome)
      },
      onFault: (error) => log.error({ err: error }, 'the outbox of alerts cannot be worked on; it is tried again'),
    })
    const dir = dataPath(config.dataDir, 'journal')
    const openFeed = (bookmark: string | null, until?: string) =>
      openEntryFeed({ dir, bookmark, until, timers: systemTimers })
    const onNotified = (receivers: ReadonlySet<string>) => this.#lanes.wake(receivers)
    const parts = { store: this.#store, openFeed, clock, timers: systemTimers, log, onNotified }
    this.#runtime = new AlertRuntime(parts, rulesOf(config))
    this.desk = new Desk({
      store: this.#store,
      clock,
      deliverer: () => this.#deliverer,
      receivers: () => this.#config.alerts.receivers,
      onReplay: () => this.#lanes.wake(this.#config.alerts.receivers.map(({ name }) => name)),
      onSilences: () => this.#runtime.silencesChanged(),
    })
  }

  /** Follows the journal and delivers, from now on. Without it `desk` shows what there is. */
  start(): void {
    this.#runtime.start()
    this.#lanes.use(this.#config.alerts.receivers)
    this.#tidy()
  }

  /** What fires now; null while that is not known. */
  firing(): readonly AlertEvent[] | null {
    return this.#runtime.firing()
  }

  async apply(config: Config): Promise<void> {
    await this.#runtime.use(rulesOf(config))
    const before = this.#config
    this.#config = config
    if (before.alerts.allowPrivateUrls !== config.alerts.allowPrivateUrls) {
      const old = this.#deliverer
      this.#deliverer = delivererFor(config, this.#log)
      old.close().catch((error: unknown) => this.#log.warn({ err: error }, 'connections to receivers did not close'))
    }
    this.#lanes.use(config.alerts.receivers)
  }

  /** Messages under way are finished; what waits is sent after the next start. */
  async close(): Promise<void> {
    this.#tidying?.cancel()
    await Promise.all([this.#lanes.stop(), this.#tidied])
    await this.#runtime.stop()
    await this.#deliverer.close()
  }

  async #send(receiver: Receiver, pending: PendingNotification): Promise<DeliveryAnswer> {
    try {
      const notification = readNotification(pending.body)
      if (notification === null) return unreadable
      return await this.#deliverer.send(receiver, notification, systemClock.wallMs())
    } catch (error) {
      // Its text may hold an address.
      const name = error instanceof Error ? error.name : 'unknown'
      this.#log.error({ receiver: receiver.name, fault: name }, 'a message could not be made')
      const detail = `it could not be made or sent (${name})`
      return { ok: false, status: null, detail, retryable: true, retryAfterMs: null }
    }
  }

  #tidy(): void {
    const nowMs = systemClock.wallMs()
    this.#tidied = this.#store
      .expire(
        nowMs,
        this.#config.alerts.receivers.map(({ name }) => name),
      )
      .then(() => this.#store.prune(nowMs - this.#config.retention.recordsDays * dayMs))
      .catch((error: unknown) => this.#log.error({ err: error }, 'old alerts cannot be deleted'))
    this.#tidying = systemTimers.after(tidyEveryMs, () => this.#tidy())
  }
}

const unreadable: DeliveryAnswer = {
  ok: false,
  status: null,
  detail: 'the outbox holds something that is no message of this version',
  retryable: false,
  retryAfterMs: null,
}

function rulesOf({ budgets, alerts }: Config): AlertRules {
  const { live, receivers, routes, inhibit } = alerts
  return { budgets, live, receivers, routes, inhibit }
}

function delivererFor({ alerts }: Config, log: Log): Deliverer {
  const context = { say: notificationMessage, source: hostname(), externalUrl: null }
  return createDeliverer({
    render: (receiver, notification, nowMs) => renderMessage(receiver, notification, { ...context, nowMs }),
    allowPrivateUrls: alerts.allowPrivateUrls,
    log,
  })
}
