import type { StoredKey } from '#core/keys/key.ts'
import { storedKey } from './key-rows.ts'
import type { SecretRow, SettingsDatabase } from './schema.ts'

/** All keys with their secrets' digests, oldest key first. */
export async function listKeys(database: SettingsDatabase): Promise<readonly StoredKey[]> {
  // Secrets first: a key made between the two reads then has no secret here yet, and the next poll brings it.
  const secrets = await database.selectFrom('key_secrets').selectAll().orderBy('number', 'desc').execute()
  const rows = await database.selectFrom('virtual_keys').selectAll().orderBy('created_at_ms').orderBy('name').execute()
  const byKey = new Map<string, SecretRow[]>()
  for (const secret of secrets) {
    const others = byKey.get(secret.key_id)
    if (others === undefined) byKey.set(secret.key_id, [secret])
    else others.push(secret)
  }
  return rows.map((row) => storedKey(row, byKey.get(row.id) ?? []))
}
