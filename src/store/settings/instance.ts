import { randomText } from '#lib/secret.ts'
import type { Instance } from '#ports.ts'
import type { SettingsDatabase } from './schema.ts'

/** What the instance calls itself, made where there is nothing yet. To be called within a transaction. */
export async function ensureInstance(transaction: SettingsDatabase, nowMs: number): Promise<Instance> {
  await transaction
    .insertInto('instance')
    .values({ one: 1, id: `tg_${randomText(16)}`, prompt_hash_secret: randomText(43), created_at_ms: nowMs })
    .onConflict((conflict) => conflict.column('one').doNothing())
    .execute()
  const row = await transaction.selectFrom('instance').selectAll().executeTakeFirstOrThrow()
  return { id: row.id, promptHashSecret: row.prompt_hash_secret }
}
