import type { Kysely } from 'kysely'
import type { PayerField } from '#core/attribution/payer.ts'

/** The tables as Kysely sees them; migrations/ makes them. */
export interface SettingsTables {
  instance: InstanceRow
  virtual_keys: KeyRow
  key_secrets: SecretRow
  admin_tokens: AdminTokenRow
  schema_migrations: MigrationRow
}

export type SettingsDatabase = Kysely<SettingsTables>

export interface InstanceRow {
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

export interface AdminTokenRow {
  sha256: string
  created_at_ms: number
}

export interface MigrationRow {
  number: number
  name: string
  digest: string
  applied_at_ms: number
}
