import type { Kysely } from 'kysely'
import type { AlertEvent, AlertType, Severity } from '#core/alerting/alert.ts'
import type { DeliveryState } from '#core/alerting/outbox.ts'
import type { PayerField } from '#core/attribution/payer.ts'
import type { TokenRole } from '#ports.ts'

/** The tables as Kysely sees them; migrations/ makes them. */
export interface SettingsTables {
  instance: InstanceRow
  virtual_keys: KeyRow
  key_secrets: SecretRow
  admin_tokens: AdminTokenRow
  api_tokens: ApiTokenRow
  external_events: ExternalEventRow
  external_events_read: ExternalEventsReadRow
  schema_migrations: MigrationRow
  alert_state: AlertStateRow
  alert_events: AlertEventRow
  alert_labels: AlertLabelRow
  notifications: NotificationRow
  notification_events: NotificationEventRow
  attempts: AttemptRow
  silences: SilenceRow
}

export type SettingsDatabase = Kysely<SettingsTables>

interface InstanceRow {
  one: 1
  id: string
  prompt_hash_secret: string
  created_at_ms: number
}

export interface KeyRow extends Record<PayerField, string> {
  id: string
  name: string
  /** JSON, as the next two. */
  tags: string
  may_override: string
  models: string | null
  /** 1 or 0; null of keys from before there was a choice. */
  may_bill: number | string | null
  expires_at_ms: number | null
  created_at_ms: number
  revoked_at_ms: number | null
}

export interface SecretRow {
  sha256: string
  key_id: string
  prefix: string
  /** 1 for the secret that the key was made with, one more for each rotation. */
  number: number
  created_at_ms: number
  expires_at_ms: number | null
}

interface AdminTokenRow {
  sha256: string
  created_at_ms: number
}

export interface ApiTokenRow {
  name: string
  role: TokenRole
  sha256: string
  prefix: string
  created_at_ms: number
  revoked_at_ms: number | null
}

/** A cost metered elsewhere that is in the ledger. */
interface ExternalEventRow {
  call_id: string
  source: string
  event_id: string
  /** Plain decimal text with 12 places. */
  amount_usd: string
  recorded_at_ms: number
}

interface ExternalEventsReadRow {
  one: 1
  /** Name of the journal's segment from which on entries may be missing above. */
  segment: string
}

interface MigrationRow {
  number: number
  name: string
  digest: string
  applied_at_ms: number
}

interface AlertStateRow {
  part: string
  value: string
}

export interface AlertEventRow {
  id: string
  fingerprint: string
  status: AlertEvent['status']
  type: AlertType
  severity: Severity
  at_ms: number
  /** JSON, as the next. */
  labels: string
  facts: string
  told: 0 | 1
  /** Of an event that fires: when, and by which event, it was over. */
  resolved_at_ms: number | null
  resolved_by: string | null
}

interface AlertLabelRow {
  event_id: string
  name: string
  value: string
}

interface NotificationRow {
  id: string
  place: number
  receiver: string
  state: DeliveryState
  body: string
  made_at_ms: number
  next_try_at_ms: number
  give_up_at_ms: number
  tries: number
  ended_at_ms: number | null
}

interface NotificationEventRow {
  notification_id: string
  event_id: string
}

interface AttemptRow {
  notification_id: string
  number: number
  started_at_ms: number
  duration_ms: number
  ok: 0 | 1
  status: number | null
  detail: string
}

export interface SilenceRow {
  id: string
  /** JSON. */
  match: string
  starts_at_ms: number
  ends_at_ms: number
  created_by: string
  comment: string
  created_at_ms: number
}
