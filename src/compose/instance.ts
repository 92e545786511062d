import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { systemClock } from '#edge/system.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import { ensureFirstSecrets } from '#store/settings/first-secrets.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'

export interface Instance {
  /** Made just now, or null where they were made before or come from the configuration. */
  readonly secrets: { readonly adminToken: string | null; readonly firstKey: string | null }
  release(): void
}

/**
 * Takes the data directory for this instance and makes the first secrets where there are none yet.
 *
 * @throws where another instance has the directory, or the settings cannot be used
 */
export async function takeInstance(config: Config): Promise<Instance> {
  const lock = lockDirectory(config.dataDir)
  try {
    const settings = await openSettings({ path: join(config.dataDir, settingsFile), clock: systemClock })
    const secrets = await ensureFirstSecrets(settings, {
      adminTokenFromEnv: config.adminToken,
      hasConfiguredKeys: config.keys.length > 0,
    })
    await settings.close()
    return { secrets, release: () => lock.release() }
  } catch (error) {
    lock.release()
    throw error
  }
}
