import type { AlertEvent, AlertType, Severity } from './alert.ts'

/** For how long a message is tried. */
export const deliverWithinMs = 24 * 3_600_000

/** One message for one receiver, as it is kept until it has arrived. */
export interface OutboxNotification {
  /** Stable: a receiver that gets it twice can tell. */
  readonly id: string
  readonly receiver: string
  /** The notification as JSON text. */
  readonly body: string
  /** What it tells of. */
  readonly eventIds: readonly string[]
}

/** pending: not arrived yet, to be tried (again). failed: given up. */
export type DeliveryState = 'pending' | 'delivered' | 'failed'

export interface PendingNotification extends Omit<OutboxNotification, 'eventIds'> {
  readonly nextTryAtMs: number
  readonly giveUpAtMs: number
  /** So far, since it was made or last replayed. */
  readonly tries: number
}

export interface DeliveryAttempt {
  readonly startedAtMs: number
  readonly durationMs: number
  readonly ok: boolean
  /** Of HTTP or SMTP; null where there was no answer. */
  readonly status: number | null
  /** What the receiver answered, or why it did not. Without secrets. */
  readonly detail: string
}

/** What a try has led to. */
export interface DeliveryOutcome {
  readonly notificationId: string
  readonly attempt: DeliveryAttempt
  readonly state: DeliveryState
  readonly nextTryAtMs: number
}

/** What is written in one transaction. */
export interface AlertCommit {
  readonly nowMs: number
  /** told: false for what was over before anybody had asked to be told. One with a known id changes nothing. */
  readonly events: readonly { readonly event: AlertEvent; readonly told: boolean }[]
  readonly notifications: readonly OutboxNotification[]
  /** Parts of the state that have changed, by name. */
  readonly state: Readonly<Record<string, string>>
  readonly outcomes: readonly DeliveryOutcome[]
}

/** Something that fired, what became of it, and who was told. */
export interface AlertRecord {
  /** Of the event that it began with. */
  readonly id: string
  readonly fingerprint: string
  readonly state: 'firing' | 'resolved'
  readonly type: AlertType
  readonly severity: Severity
  readonly startedAtMs: number
  readonly resolvedAtMs: number | null
  readonly told: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly facts: Readonly<Record<string, string>>
  readonly notifications: readonly NotificationRecord[]
}

export interface NotificationRecord {
  readonly id: string
  readonly receiver: string
  readonly state: DeliveryState
  readonly madeAtMs: number
  /** Null once it has ended. */
  readonly nextTryAtMs: number | null
  readonly endedAtMs: number | null
  readonly attempts: readonly DeliveryAttempt[]
}

export interface AlertsQuestion {
  readonly state: AlertRecord['state'] | null
  readonly types: readonly string[]
  readonly severities: readonly string[]
  /** Label → value; all of them. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly sinceMs: number | null
  readonly limit: number
  /** Where the page before ended; null = from the newest on. */
  readonly after: AlertCursor | null
}

export interface AlertCursor {
  readonly atMs: number
  readonly id: string
}
