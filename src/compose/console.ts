import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Config } from '#config/config.ts'
import { createConsole } from '#console/app.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { consoleAccess } from './console-access.ts'
import type { RoleHooks, RunningRole } from './role.ts'
import { openUsageSide } from './usage-side.ts'
import { version } from './version.ts'

/**
 * Starts the console: the store, the ingester, and the API on two sockets in `run`. On console.sock, which the gateway
 * hands requests to, everyone shows a token; on admin.sock, which only this user can open, nobody does.
 */
export async function composeConsole(config: Config, { log, onReady }: RoleHooks): Promise<RunningRole> {
  const settings = await openSettings({ path: join(config.dataDir, settingsFile), clock: systemClock })
  let current = config
  const usage = await openUsageSide(config, (await settings.instance()).id, log)
  const parts = {
    store: usage.store,
    ingest: usage.ingest,
    clock: systemClock,
    timers: systemTimers,
    version,
    onFault: (error: unknown) => log.error({ err: error }, 'a request to the console failed'),
  }
  const apps = {
    'console.sock': createConsole({ ...parts, access: consoleAccess(settings, () => current) }),
    'admin.sock': createConsole({ ...parts, access: null }),
  }
  for (const [name, app] of Object.entries(apps)) await listen(app, join(config.dataDir, 'run', name))
  onReady()
  return {
    apply(next) {
      current = next
    },
    async stop() {
      await Promise.all(Object.values(apps).map((app) => app.close()))
      await usage.close()
      await settings.close()
    },
  }
}

/** A socket left behind by a process that died is in the way of the next one. */
async function listen(app: FastifyInstance, path: string): Promise<void> {
  rmSync(path, { force: true })
  const umask = process.umask(0o177)
  try {
    await app.listen({ path })
  } finally {
    process.umask(umask)
  }
  chmodSync(path, 0o600)
}
