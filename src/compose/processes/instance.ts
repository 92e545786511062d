import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { portFault } from '#edge/port.ts'
import { systemClock } from '#edge/system.ts'
import { type DirectoryLock, DirectoryLocked, lockDirectory } from '#store/directory-lock.ts'
import { ensureFirstSecrets } from '#store/settings/first-secrets.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { httpAddress } from '../http-address.ts'
import { sleep } from '../sleep.ts'

export interface Instance {
  /** Made just now, or null where they were made before or come from the configuration. */
  readonly secrets: { readonly adminToken: string | null; readonly firstKey: string | null }
  release(): void
}

const commandsTakeMs = 15_000
const lookMs = 100

/**
 * Takes the data directory for this instance, makes sure of its port, and only then makes the first secrets, which are
 * shown once.
 *
 * @throws where another instance has the directory, the port is taken, or the settings cannot be used
 */
export async function takeInstance(config: Config): Promise<Instance> {
  const lock = await lockAfterCommands(config.dataDir, httpAddress(config.listen))
  try {
    await requirePort(config)
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

/** Reports without a console read the store themselves. They have the directory as long, and no address. */
async function lockAfterCommands(directory: string, address: string): Promise<DirectoryLock> {
  for (const untilMs = systemClock.monotonicMs() + commandsTakeMs; ; ) {
    try {
      return await lockDirectory(directory, { address, nowMs: systemClock.wallMs() })
    } catch (error) {
      const isCommand = error instanceof DirectoryLocked && (error.holder === null || error.holder.address === '')
      if (!isCommand || systemClock.monotonicMs() > untilMs) throw error
    }
    await sleep(lookMs)
  }
}

async function requirePort({ listen, metrics }: Config): Promise<void> {
  const code = listen.port === 0 ? null : await portFault(listen)
  if (code !== null)
    throw Object.assign(new Error(`cannot listen on ${listen.host}:${listen.port} (${code})`), { code })
  const own = metrics.listen
  const taken = own === null || own.port === 0 ? null : await portFault(own)
  if (own !== null && taken !== null)
    throw new Error(`metrics.listen: cannot listen on ${own.host}:${own.port} (${taken}); choose another address`)
}
