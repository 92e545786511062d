import { makeSecret, sha256Hex } from '#lib/secret.ts'
import type { ApiToken, CreatedToken, NewToken, TokenRole, UnknownToken } from '#ports.ts'
import type { ApiTokenRow, SettingsDatabase } from './schema.ts'

/** Of `tgt-` and 32 characters these tell tokens apart. */
const shownLength = 8

/** Oldest first, revoked ones too. */
export async function listTokens(database: SettingsDatabase): Promise<readonly ApiToken[]> {
  const rows = await database.selectFrom('api_tokens').selectAll().orderBy('created_at_ms').orderBy('name').execute()
  return rows.map(tokenOf)
}

/** SHA-256 of the tokens of a role that are in force. */
export async function tokenDigests(database: SettingsDatabase, role: TokenRole): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('api_tokens')
    .select('sha256')
    .where('role', '=', role)
    .where('revoked_at_ms', 'is', null)
    .execute()
  return rows.map(({ sha256 }) => sha256)
}

/** To be called within a transaction. */
export async function createToken(
  transaction: SettingsDatabase,
  { name, role }: NewToken,
  nowMs: number,
): Promise<CreatedToken | { readonly kind: 'name_taken' }> {
  const taken = await transaction.selectFrom('api_tokens').select('name').where('name', '=', name).executeTakeFirst()
  if (taken !== undefined) return { kind: 'name_taken' }
  const secret = makeSecret('tgt-')
  const prefix = secret.slice(0, shownLength)
  const row = { name, role, sha256: sha256Hex(secret), prefix, created_at_ms: nowMs, revoked_at_ms: null }
  await transaction.insertInto('api_tokens').values(row).execute()
  return { kind: 'created', token: tokenOf(row), secret }
}

/** To be called within a transaction. Revoking twice is harmless; the first instant stays. */
export async function revokeToken(
  transaction: SettingsDatabase,
  name: string,
  nowMs: number,
): Promise<{ readonly kind: 'revoked'; readonly token: ApiToken } | UnknownToken> {
  await transaction
    .updateTable('api_tokens')
    .set({ revoked_at_ms: nowMs })
    .where('name', '=', name)
    .where('revoked_at_ms', 'is', null)
    .execute()
  const row = await transaction.selectFrom('api_tokens').selectAll().where('name', '=', name).executeTakeFirst()
  return row === undefined ? { kind: 'unknown' } : { kind: 'revoked', token: tokenOf(row) }
}

function tokenOf({ name, role, prefix, created_at_ms, revoked_at_ms }: ApiTokenRow): ApiToken {
  const revokedAtMs = revoked_at_ms === null ? null : Number(revoked_at_ms)
  return { name, role, prefix, createdAtMs: Number(created_at_ms), revokedAtMs }
}
