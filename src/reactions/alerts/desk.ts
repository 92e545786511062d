import type { AlertEvent } from '#core/alerting/alert.ts'
import type { Deliverer } from '#core/alerting/delivery.ts'
import { type AlertMessage, alertMessage } from '#core/alerting/message.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { AlertRecord, AlertsQuestion } from '#core/alerting/outbox.ts'
import type { Language, Receiver } from '#core/alerting/receiver.ts'
import type { Silence } from '#core/alerting/routing.ts'
import { isoText } from '#lib/iso-text.ts'
import { randomText } from '#lib/secret.ts'
import type { AlertStore, Clock } from '#ports.ts'

interface DeskParts {
  readonly store: AlertStore
  readonly clock: Clock
  readonly deliverer: () => Deliverer
  readonly receivers: () => readonly Receiver[]
  /** Told that some receivers' messages wait again, or that silences have changed. */
  readonly onReplay: () => void
  readonly onSilences: () => Promise<void>
}

/** What people ask about alerts, and have done: over the API, and by the command line where no console runs. */
export class Desk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  alerts(question: AlertsQuestion): Promise<readonly AlertRecord[]> {
    return this.#parts.store.alerts(question)
  }

  alert(id: string): Promise<AlertRecord | null> {
    return this.#parts.store.alert(id)
  }

  words(alert: AlertRecord, language: Language): AlertMessage {
    const { id, fingerprint, type, severity, startedAtMs: atMs, labels, facts } = alert
    const event: AlertEvent = { id, fingerprint, status: 'firing', type, severity, atMs, labels, facts }
    return alertMessage(event, language)
  }

  async replay(alertId: string): Promise<number> {
    const count = await this.#parts.store.replay(alertId, this.#parts.clock.wallMs())
    if (count > 0) this.#parts.onReplay()
    return count
  }

  async receivers() {
    const waiting = await this.#parts.store.waiting()
    return this.#parts.receivers().map(({ name, kind, language, sendResolved }) => {
      return { name, kind, language, sendResolved, waiting: waiting.get(name) ?? 0 }
    })
  }

  /** One try, past the outbox. Where a service would keep what fires open, it is told that it is over as well. */
  async test(name: string) {
    const receiver = this.#parts.receivers().find((one) => one.name === name)
    if (receiver === undefined) return null
    const { clock } = this.#parts
    const begunMs = clock.monotonicMs()
    const id = `test-${randomText(16)}`
    const answer = await this.#send(receiver, testEvent(id, 'firing', clock.wallMs()))
    const durationMs = clock.monotonicMs() - begunMs
    if (answer.ok && keepsOpen.has(receiver.kind)) {
      await this.#send(receiver, testEvent(id, 'resolved', clock.wallMs()))
    }
    return { ok: answer.ok, status: answer.status, detail: answer.detail, durationMs }
  }

  silences(): Promise<readonly Silence[]> {
    return this.#parts.store.silences(this.#parts.clock.wallMs())
  }

  async silence(wanted: Omit<Silence, 'id'>): Promise<Silence> {
    const silence = { ...wanted, id: `sil_${randomText(12)}` }
    await this.#parts.store.addSilence(silence, this.#parts.clock.wallMs())
    await this.#parts.onSilences()
    return silence
  }

  async endSilence(id: string): Promise<boolean> {
    const ended = await this.#parts.store.endSilence(id, this.#parts.clock.wallMs())
    if (ended) await this.#parts.onSilences()
    return ended
  }

  #send(receiver: Receiver, event: AlertEvent) {
    const fires = event.status === 'firing'
    const notification: Notification = {
      id: event.id,
      groupKey: event.fingerprint,
      receiver: receiver.name,
      status: event.status,
      atMs: event.atMs,
      repeated: false,
      groupLabels: { type: event.type },
      commonLabels: event.labels,
      firing: fires ? [event] : [],
      resolved: fires ? [] : [event],
      firingCount: fires ? 1 : 0,
      resolvedCount: fires ? 0 : 1,
    }
    return this.#parts.deliverer().send(receiver, notification, this.#parts.clock.wallMs())
  }
}

const keepsOpen: ReadonlySet<Receiver['kind']> = new Set(['pagerduty', 'alertmanager'])

/** An alert such as they come, of a budget that calls itself a test. */
function testEvent(id: string, status: AlertEvent['status'], nowMs: number): AlertEvent {
  const hourMs = 3_600_000
  const windowStartMs = nowMs - (nowMs % hourMs)
  return {
    id: status === 'firing' ? id : `${id}-over`,
    fingerprint: id,
    status,
    type: 'budget_threshold',
    severity: 'info',
    atMs: nowMs,
    labels: { type: 'budget_threshold', severity: 'info', budget: 'test', window: 'hour', test: 'true' },
    facts: {
      budget: 'test',
      window: 'hour',
      threshold_percent: '80',
      percent_used: '80',
      limit_usd: '10',
      spent_usd: '8',
      remaining_usd: '2',
      window_start: isoText(windowStartMs),
      window_end: isoText(windowStartMs + hourMs),
      ...(status === 'firing' ? {} : { fired_at: isoText(nowMs), reason: 'window_over' }),
    },
  }
}
