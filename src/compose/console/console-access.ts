import type { Config } from '#config/config.ts'
import type { Access } from '#console/route.ts'
import { systemClock } from '#edge/system.ts'
import type { Settings } from '#ports.ts'
import { type Credentials, isSecretOf, readCredentials } from '../credentials.ts'

/** Who may ask the console: admin tokens and virtual keys, as configuration and settings have them now. */
export function consoleAccess(settings: Settings, currentConfig: () => Config): Access {
  let known: { readonly config: Config; readonly credentials: Credentials } | null = null
  return async (secret) => {
    const config = currentConfig()
    if (known === null || known.credentials.version !== settings.version() || known.config !== config) {
      known = { config, credentials: await readCredentials(settings, config) }
    }
    const { adminDigests, keys } = known.credentials
    if (isSecretOf(adminDigests, secret)) return { kind: 'admin' }
    const verdict = keys.find(secret, systemClock.wallMs())
    return verdict.kind === 'known' ? { kind: 'key', keyId: verdict.key.id } : null
  }
}
