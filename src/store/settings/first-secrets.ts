import { emptyPayer } from '#core/attribution/payer.ts'
import type { FirstSecrets, FirstSecretsWanted, Settings } from '#ports.ts'
import { adminTokenDigests, replaceAdminTokens } from './admin-tokens.ts'
import { createKey } from './create-key.ts'
import type { SettingsDatabase } from './schema.ts'

export const firstKeyName = 'first-key'

/**
 * Makes what a first start needs and nobody has given: an admin token unless one is configured, and a key unless the
 * configuration has some. Answers with the plain texts only when they were made just now; they are never shown again.
 * A first key that was revoked is not made anew.
 */
export function ensureFirstSecrets(
  settings: Settings,
  { adminTokenFromEnv, hasConfiguredKeys = false }: { adminTokenFromEnv: string | null; hasConfiguredKeys?: boolean },
): Promise<FirstSecrets> {
  return settings.makeFirstSecrets({ adminToken: adminTokenFromEnv === null, firstKey: !hasConfiguredKeys })
}

/** To be called within a transaction. */
export async function makeFirstSecrets(
  transaction: SettingsDatabase,
  wanted: FirstSecretsWanted,
  nowMs: number,
): Promise<FirstSecrets> {
  const tokens = await adminTokenDigests(transaction)
  const adminToken = wanted.adminToken && tokens.length === 0 ? await replaceAdminTokens(transaction, nowMs) : null
  const anyKey = await transaction.selectFrom('virtual_keys').select('id').limit(1).executeTakeFirst()
  if (!wanted.firstKey || anyKey !== undefined) return { adminToken, firstKey: null }
  const free = {
    name: firstKeyName,
    attribution: emptyPayer,
    mayOverride: null,
    models: null,
    mayBill: null,
    expiresAtMs: null,
  }
  const made = await createKey(transaction, free, nowMs)
  return { adminToken, firstKey: made.kind === 'created' ? made.secret : null }
}
