import type { StoredKey } from '#core/keys/key.ts'
import type { UnknownKey } from '#ports.ts'
import { findKey } from './find-key.ts'
import type { SettingsDatabase } from './schema.ts'

/** To be called within a transaction. The key stays, for the records that bear its id. */
export async function revokeKey(
  transaction: SettingsDatabase,
  name: string,
  nowMs: number,
): Promise<{ readonly kind: 'revoked'; readonly key: StoredKey } | UnknownKey> {
  await transaction
    .updateTable('virtual_keys')
    .set({ revoked_at_ms: nowMs })
    .where('name', '=', name)
    .where('revoked_at_ms', 'is', null)
    .execute()
  const key = await findKey(transaction, name)
  return key === null ? { kind: 'unknown' } : { kind: 'revoked', key }
}
