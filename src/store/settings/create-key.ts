import { defaultMayOverride } from '#core/attribution/may-override.ts'
import { defaultMayBill, type NewKey, type StoredKey } from '#core/keys/key.ts'
import { makeSecret, randomText, sha256Hex } from '#lib/secret.ts'
import type { CreatedKey } from '#ports.ts'
import { keyRow } from './key-rows.ts'
import type { SecretRow, SettingsDatabase } from './schema.ts'

/** Of `tg-` and 32 characters these tell keys apart; the 28 that are not kept are still 166 bits. */
const shownLength = 7

/** To be called within a transaction. */
export async function createKey(
  transaction: SettingsDatabase,
  wanted: NewKey,
  nowMs: number,
): Promise<CreatedKey | { readonly kind: 'name_taken' }> {
  const taken = await transaction
    .selectFrom('virtual_keys')
    .select('id')
    .where('name', '=', wanted.name)
    .executeTakeFirst()
  if (taken !== undefined) return { kind: 'name_taken' }
  const { attribution, models } = wanted
  const limits = { attribution, models, mayOverride: wanted.mayOverride ?? defaultMayOverride(attribution) }
  const key: Omit<StoredKey, 'secrets'> = {
    ...limits,
    id: `key_${randomText(20)}`,
    name: wanted.name,
    mayBill: wanted.mayBill ?? defaultMayBill(limits),
    expiresAtMs: wanted.expiresAtMs,
    createdAtMs: nowMs,
    revokedAtMs: null,
  }
  await transaction.insertInto('virtual_keys').values(keyRow(key)).execute()
  const { secret, row } = newSecret(key.id, 1, nowMs)
  await transaction.insertInto('key_secrets').values(row).execute()
  const { sha256, prefix } = row
  return {
    kind: 'created',
    key: { ...key, secrets: [{ sha256, prefix, createdAtMs: nowMs, expiresAtMs: null }] },
    secret,
  }
}

export function newSecret(keyId: string, number: number, nowMs: number): { secret: string; row: SecretRow } {
  const secret = makeSecret('tg-')
  const prefix = secret.slice(0, shownLength)
  return {
    secret,
    row: { sha256: sha256Hex(secret), key_id: keyId, prefix, number, created_at_ms: nowMs, expires_at_ms: null },
  }
}
