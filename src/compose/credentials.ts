import type { Config } from '#config/config.ts'
import type { StoredKey } from '#core/keys/key.ts'
import { createKeyRing, type KeyRing } from '#core/keys/ring.ts'
import { globMatcher } from '#lib/glob.ts'
import { sameDigest, sha256Hex } from '#lib/secret.ts'
import type { Settings } from '#ports.ts'

/** What secrets are good for, as configuration and settings have it together. */
export interface Credentials {
  /** Of the settings: another one means that this may be out of date. */
  readonly version: number
  /** The keys of the settings. */
  readonly stored: readonly StoredKey[]
  /** All keys, those of the configuration too. */
  readonly keys: KeyRing
  /** SHA-256 of the admin tokens. */
  readonly adminDigests: readonly string[]
}

export async function readCredentials(settings: Settings, config: Config): Promise<Credentials> {
  // Read before the keys: a change in between is then seen at the next look.
  const version = settings.version()
  const stored = await settings.keys()
  const keys = createKeyRing({ fromConfig: config.keys, stored, digest: sha256Hex, sameDigest, matcher: globMatcher })
  // A token in the environment is the admin token: those made before do not count beside it.
  const adminDigests = config.adminToken === null ? await settings.adminTokenDigests() : [sha256Hex(config.adminToken)]
  return { version, stored, keys, adminDigests }
}

/** Whether a secret is one of those whose digests are given. */
export function isSecretOf(digests: readonly string[], secret: string): boolean {
  const digest = sha256Hex(secret)
  return digests.some((known) => sameDigest(known, digest))
}
