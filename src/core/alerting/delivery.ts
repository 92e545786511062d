import type { AlertEvent } from './alert.ts'
import type { Notification } from './notification.ts'
import type { Receiver, SmtpServer } from './receiver.ts'

/** A notification in the form that a receiver takes. It holds the receiver's secrets. */
export type OutgoingMessage =
  | {
      readonly kind: 'http'
      /** Each is posted on its own, in order. None depends on another. */
      readonly requests: readonly OutgoingRequest[]
      /**
       * Whether a refusal may pass: `service` = what a service refuses (status 4xx, but for 408, 425 and 429) it refuses
       * again; `any` = it is somebody's own software, which may be wrong or absent for a while.
       */
      readonly retry: 'service' | 'any'
    }
  | { readonly kind: 'mail'; readonly smtp: SmtpServer; readonly mail: OutgoingMail }
  | {
      readonly kind: 'line'
      readonly severity: AlertEvent['severity']
      readonly text: string
      readonly fields: Readonly<Record<string, unknown>>
    }

export interface OutgoingRequest {
  readonly url: string
  /** Beside `content-type: application/json`. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

export interface OutgoingMail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** With its angle brackets. */
  readonly messageId: string
  readonly sentAtMs: number
}

/**
 * What became of one attempt. `detail` is for people: the receiver's own words where it has any, never an address, a
 * key or a password. `status` is HTTP's or SMTP's, null where no answer came.
 */
export type DeliveryAnswer =
  | { readonly ok: true; readonly status: number | null; readonly detail: string }
  | {
      readonly ok: false
      readonly status: number | null
      readonly detail: string
      /** False: the same attempt would fail again until somebody changes something. */
      readonly retryable: boolean
      /** How long the receiver asked to be left alone. */
      readonly retryAfterMs: number | null
    }

/** Takes notifications to receivers. One attempt each: when to try again is decided elsewhere. */
export interface Deliverer {
  /** Never rejects for what a receiver or the network does. */
  send(receiver: Receiver, notification: Notification, nowMs: number): Promise<DeliveryAnswer>
  close(): Promise<void>
}
