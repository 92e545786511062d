import { makeSecret, sha256Hex } from '#lib/secret.ts'
import type { SettingsDatabase } from './schema.ts'

export async function adminTokenDigests(database: SettingsDatabase): Promise<readonly string[]> {
  const rows = await database.selectFrom('admin_tokens').select('sha256').execute()
  return rows.map(({ sha256 }) => sha256)
}

/** Answers with the only copy of the token. To be called within a transaction. */
export async function replaceAdminTokens(transaction: SettingsDatabase, nowMs: number): Promise<string> {
  const token = makeSecret('tga-')
  await transaction.deleteFrom('admin_tokens').execute()
  await transaction
    .insertInto('admin_tokens')
    .values({ sha256: sha256Hex(token), created_at_ms: nowMs })
    .execute()
  return token
}
