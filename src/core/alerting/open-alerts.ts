import { hash } from 'node:crypto'
import { bounded } from '#core/ledger/entry-bounds.ts'
import type { AlertEvent, AlertType, Severity } from './alert.ts'

/** Why an alert is over; stands as `reason` in the facts of the event that says so. */
export type OverReason =
  | 'window_over'
  | 'limit_changed'
  | 'hour_over'
  | 'time_over'
  | 'displaced'
  | 'priced'
  | 'quiet'
  | 'recovered'
  | 'delivered'

/** What begins an alert. */
interface Beginning {
  readonly type: AlertType
  /** What it is about, unique among its type; the fingerprint is made of it. */
  readonly key: string
  readonly severity: Severity
  readonly labels: Readonly<Record<string, string>>
  readonly facts: Readonly<Record<string, string>>
  readonly atMs: number
  /** What caused it: the same cause makes the same id. */
  readonly cause: string
  /** When it is over by itself, and why then. */
  readonly until: { readonly atMs: number; readonly reason: OverReason } | null
}

interface OpenAlert {
  readonly key: string
  readonly event: AlertEvent
  readonly until: Beginning['until']
}

/** JSON as it stands. */
export type OpenAlertsState = readonly OpenAlert[]

/** The alerts that fire now, each with the time at which it is over by itself. */
export class OpenAlerts {
  readonly #byType = new Map<AlertType, Map<string, OpenAlert>>()
  /** Nothing is over before this; may be too early, never too late. */
  #nextAtMs = Infinity

  constructor(state: OpenAlertsState = []) {
    for (const alert of state) this.#put(alert)
  }

  /** Opens an alert, or begins it anew where it is open. */
  begin(beginning: Beginning): AlertEvent {
    const { type, key, severity, facts, atMs, cause, until } = beginning
    const fingerprint = digest(type, key)
    const labels = { type, severity, ...filled(beginning.labels) }
    const id = digest(fingerprint, 'firing', cause)
    const event: AlertEvent = { id, fingerprint, status: 'firing', type, severity, atMs, labels, facts: filled(facts) }
    this.#put({ key, event, until })
    return event
  }

  /** Ends an alert: the event that says so, none where it is not open. */
  end(type: AlertType, key: string, over: { readonly atMs: number; readonly reason: OverReason }): AlertEvent[] {
    const open = this.get(type, key)
    if (open === undefined) return []
    this.#byType.get(type)?.delete(key)
    const { event } = open
    const facts = { ...event.facts, fired_at: new Date(event.atMs).toISOString(), reason: over.reason }
    return [{ ...event, id: digest(event.id, 'resolved'), status: 'resolved', atMs: over.atMs, facts }]
  }

  get(type: AlertType, key: string): OpenAlert | undefined {
    return this.#byType.get(type)?.get(key)
  }

  /** Open alerts of a type, oldest first. */
  of(type: AlertType): readonly OpenAlert[] {
    return [...(this.#byType.get(type)?.values() ?? [])]
  }

  oldest(type: AlertType): OpenAlert | undefined {
    return this.#byType.get(type)?.values().next().value
  }

  count(type: AlertType): number {
    return this.#byType.get(type)?.size ?? 0
  }

  /** Moves the time at which an open alert is over by itself. */
  extend(type: AlertType, key: string, atMs: number): void {
    const open = this.get(type, key)
    if (open?.until) this.#put({ ...open, until: { ...open.until, atMs } })
  }

  /** Ends what is over by itself by then. Events carry the time at which they were due, not `nowMs`. */
  due(nowMs: number): AlertEvent[] {
    if (nowMs < this.#nextAtMs) return []
    const over: (OpenAlert & { until: object })[] = []
    this.#nextAtMs = Infinity
    for (const alerts of this.#byType.values()) {
      for (const alert of alerts.values()) {
        if (alert.until === null) continue
        if (alert.until.atMs <= nowMs) over.push({ ...alert, until: alert.until })
        else this.#nextAtMs = Math.min(this.#nextAtMs, alert.until.atMs)
      }
    }
    // Ties in an order that does not depend on how the maps came to be.
    over.sort((a, b) => a.until.atMs - b.until.atMs || (a.event.fingerprint < b.event.fingerprint ? -1 : 1))
    return over.flatMap(({ key, event, until }) => this.end(event.type, key, until))
  }

  /** Not later than the next alert is over by itself; null where none will be. */
  nextAtMs(): number | null {
    return this.#nextAtMs === Infinity ? null : this.#nextAtMs
  }

  state(): OpenAlertsState {
    return [...this.#byType.values()].flatMap((alerts) => [...alerts.values()])
  }

  #put(alert: OpenAlert): void {
    const { type } = alert.event
    const alerts = this.#byType.get(type) ?? new Map<string, OpenAlert>()
    this.#byType.set(type, alerts)
    alerts.set(alert.key, alert)
    if (alert.until !== null) this.#nextAtMs = Math.min(this.#nextAtMs, alert.until.atMs)
  }
}

/** 128 bits, so that no two things in the life of an installation share one. */
export function digest(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32)
}

/** Of a text of a label or a message. Those of a record are shorter, but for journals of before they had bounds. */
const longestText = 1_000

/** Without what nobody said. */
function filled(record: Readonly<Record<string, string>>): Record<string, string> {
  const told = Object.entries(record).filter(([, value]) => value !== '')
  return Object.fromEntries(told.map(([name, value]) => [name, bounded(value, longestText)]))
}
