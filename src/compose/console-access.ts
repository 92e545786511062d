import { hash, timingSafeEqual } from 'node:crypto'
import type { Config } from '#config/config.ts'
import type { Access } from '#console/route.ts'
import { createKeyRing, type KeyRing } from '#core/keys/ring.ts'
import { systemClock } from '#edge/system.ts'
import { globMatcher } from '#lib/glob.ts'
import { sameDigest, sha256Hex } from '#lib/secret.ts'
import type { Settings } from '#ports.ts'

interface Known {
  readonly version: number
  readonly config: Config
  readonly keys: KeyRing
  readonly adminDigests: readonly string[]
}

/** Who may ask the console: admin tokens and virtual keys, as configuration and settings have them now. */
export function consoleAccess(settings: Settings, config: () => Config): Access {
  let known: Known | null = null
  return async (secret) => {
    const version = settings.version()
    if (known === null || known.version !== version || known.config !== config()) {
      known = await readKnown(settings, config(), version)
    }
    const digest = sha256Hex(secret)
    if (known.adminDigests.some((admin) => sameDigest(admin, digest))) return { kind: 'admin' }
    const verdict = known.keys.find(secret, systemClock.wallMs())
    return verdict.kind === 'known' ? { kind: 'key', keyId: verdict.key.id } : null
  }
}

async function readKnown(settings: Settings, config: Config, version: number): Promise<Known> {
  const keys = createKeyRing({
    fromConfig: config.keys,
    stored: await settings.keys(),
    digest: (secret) => hash('sha256', secret),
    sameDigest: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
    matcher: globMatcher,
  })
  // A token in the environment is the token: those made before do not count beside it.
  const adminDigests = config.adminToken === null ? await settings.adminTokenDigests() : [sha256Hex(config.adminToken)]
  return { version, config, keys, adminDigests }
}
