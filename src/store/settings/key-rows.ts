import { type OverridableField, overridableFields } from '#core/attribution/payer.ts'
import { defaultMayBill, type StoredKey } from '#core/keys/key.ts'
import type { KeyRow, SecretRow } from './schema.ts'

/** A key's row, and its secrets newest first, as the rest of the program knows them. */
export function storedKey(row: KeyRow, secrets: readonly SecretRow[]): StoredKey {
  const limits = {
    attribution: {
      department: row.department,
      project: row.project,
      costCenter: row.cost_center,
      userId: row.user_id,
      sessionId: row.session_id,
      featureFlag: row.feature_flag,
      requestPath: row.request_path,
      tags: readTags(row.tags),
    },
    mayOverride: readTexts(row.may_override).filter(isOverridable),
    models: row.models === null ? null : readTexts(row.models),
  }
  return {
    ...limits,
    id: row.id,
    name: row.name,
    mayBill: row.may_bill === null ? defaultMayBill(limits) : Number(row.may_bill) === 1,
    expiresAtMs: instant(row.expires_at_ms),
    createdAtMs: Number(row.created_at_ms),
    revokedAtMs: instant(row.revoked_at_ms),
    secrets: secrets.map(({ sha256, prefix, created_at_ms, expires_at_ms }) => ({
      sha256,
      prefix,
      createdAtMs: Number(created_at_ms),
      expiresAtMs: instant(expires_at_ms),
    })),
  }
}

export function keyRow(key: Omit<StoredKey, 'secrets'>): KeyRow {
  const { attribution } = key
  return {
    id: key.id,
    name: key.name,
    department: attribution.department,
    project: attribution.project,
    cost_center: attribution.costCenter,
    user_id: attribution.userId,
    session_id: attribution.sessionId,
    feature_flag: attribution.featureFlag,
    request_path: attribution.requestPath,
    tags: JSON.stringify(attribution.tags),
    may_override: JSON.stringify(key.mayOverride),
    models: key.models === null ? null : JSON.stringify(key.models),
    may_bill: key.mayBill ? 1 : 0,
    expires_at_ms: key.expiresAtMs,
    created_at_ms: key.createdAtMs,
    revoked_at_ms: key.revokedAtMs,
  }
}

/** PostgreSQL's driver gives 64-bit integers as text. */
function instant(value: number | string | null): number | null {
  return value === null ? null : Number(value)
}

function isOverridable(text: string): text is OverridableField {
  return overridableFields.some((field) => field === text)
}

function readTexts(json: string): readonly string[] {
  const value: unknown = JSON.parse(json)
  if (!Array.isArray(value)) throw new TypeError('a list was expected in the settings')
  return value.filter((item) => typeof item === 'string')
}

function readTags(json: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null) throw new TypeError('tags were expected in the settings')
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
