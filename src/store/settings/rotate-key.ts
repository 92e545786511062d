import type { CreatedKey, UnknownKey } from '#ports.ts'
import { newSecret } from './create-key.ts'
import { findKey } from './find-key.ts'
import type { SettingsDatabase } from './schema.ts'

/** To be called within a transaction. Secrets that have ended are forgotten on the way. */
export async function rotateKey(
  transaction: SettingsDatabase,
  { name, graceMs }: { readonly name: string; readonly graceMs: number },
  nowMs: number,
): Promise<CreatedKey | UnknownKey | { readonly kind: 'revoked' }> {
  const before = await findKey(transaction, name)
  if (before === null) return { kind: 'unknown' }
  if (before.revokedAtMs !== null) return { kind: 'revoked' }
  const endMs = nowMs + graceMs
  const ofKey = transaction.selectFrom('key_secrets').where('key_id', '=', before.id)
  const last = await ofKey.select((of) => of.fn.max('number').as('number')).executeTakeFirst()
  await transaction
    .updateTable('key_secrets')
    .set({ expires_at_ms: endMs })
    .where('key_id', '=', before.id)
    .where((is) => is.or([is('expires_at_ms', 'is', null), is('expires_at_ms', '>', endMs)]))
    .execute()
  await transaction
    .deleteFrom('key_secrets')
    .where('key_id', '=', before.id)
    .where('expires_at_ms', '<=', nowMs)
    .execute()
  const { secret, row } = newSecret(before.id, Number(last?.number ?? 0) + 1, nowMs)
  await transaction.insertInto('key_secrets').values(row).execute()
  const key = await findKey(transaction, name)
  return key === null ? { kind: 'unknown' } : { kind: 'created', key, secret }
}
