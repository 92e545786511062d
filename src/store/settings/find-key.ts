import type { StoredKey } from '#core/keys/key.ts'
import { storedKey } from './key-rows.ts'
import type { SettingsDatabase } from './schema.ts'

export async function findKey(database: SettingsDatabase, name: string): Promise<StoredKey | null> {
  const row = await database.selectFrom('virtual_keys').selectAll().where('name', '=', name).executeTakeFirst()
  if (row === undefined) return null
  const secrets = await database
    .selectFrom('key_secrets')
    .selectAll()
    .where('key_id', '=', row.id)
    .orderBy('number', 'desc')
    .execute()
  return storedKey(row, secrets)
}
