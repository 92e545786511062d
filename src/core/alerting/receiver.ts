export const languages = ['en', 'de', 'vi'] as const

export type Language = (typeof languages)[number]

/** How and where somebody is told. Addresses and keys are secrets: they appear in no log, answer or error. */
export type Receiver = {
  readonly name: string
  readonly language: Language
  /** Whether it is also told when an alert is over. */
  readonly sendResolved: boolean
} & ReceiverKind

export type ReceiverKind =
  | { readonly kind: 'slack'; readonly url: string }
  | { readonly kind: 'teams'; readonly url: string }
  | { readonly kind: 'pagerduty'; readonly url: string; readonly routingKey: string }
  | { readonly kind: 'email'; readonly from: string; readonly to: readonly string[]; readonly smtp: SmtpServer }
  /** Signed with the first secret; a receiver in the middle of a change of secrets accepts either of two. */
  | { readonly kind: 'webhook'; readonly url: string; readonly secrets: readonly string[] }
  /** The address of an Alertmanager, without `/api/v2/alerts`. */
  | { readonly kind: 'alertmanager'; readonly url: string }
  | { readonly kind: 'log' }

export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** tls: encrypted from the first byte. starttls: upgraded, and refused where it cannot be. none: plain. */
  readonly security: 'tls' | 'starttls' | 'none'
  readonly user: string | null
  readonly password: string | null
}
