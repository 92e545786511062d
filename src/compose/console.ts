import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { Config } from '#config/config.ts'
import { createConsole } from '#console/app.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { AlertSide } from './alerts.ts'
import { budgetBoard } from './budget-board.ts'
import { consoleAccess } from './console-access.ts'
import { privately } from './private-socket.ts'
import type { RoleHooks, RunningRole } from './role.ts'
import { TelemetrySide } from './telemetry.ts'
import { openUsageSide } from './usage-side.ts'
import { version } from './version.ts'

/**
 * Starts the console: the store, the ingester, and the API on two sockets in `run`. On console.sock, which the gateway
 * hands requests to, everyone shows a token; on admin.sock, which only this user can open, nobody does.
 */
export async function composeConsole(config: Config, { log, onReady }: RoleHooks): Promise<RunningRole> {
  const place = { path: join(config.dataDir, settingsFile), clock: systemClock }
  const { settings, alerts: alertStore } = await openSettingsAndAlerts(place)
  let current = config
  const alerts = new AlertSide(config, alertStore, log)
  // Before the usage store, which takes its time to open: alerts need nothing of it.
  alerts.start()
  const { id: instanceId } = await settings.instance()
  const telemetry = await TelemetrySide.start(config, { instanceId, registry: new Registry(), log })
  const usage = await openUsageSide(config, instanceId, log)
  const parts = {
    store: usage.store,
    ingest: usage.ingest,
    alerts: alerts.desk,
    budgets: budgetBoard(() => current),
    clock: systemClock,
    timers: systemTimers,
    version,
    onFault: (error: unknown) => log.error({ err: error }, 'a request to the console failed'),
  }
  const apps = {
    'console.sock': createConsole({ ...parts, access: consoleAccess(settings, () => current) }),
    'admin.sock': createConsole({ ...parts, access: null }),
  }
  for (const [name, app] of Object.entries(apps)) {
    const path = join(config.dataDir, 'run', name)
    await privately(path, () => app.listen({ path }))
  }
  onReady()
  return {
    async apply(next) {
      current = next
      await Promise.all([alerts.apply(next), telemetry.apply(next)])
    },
    async stop() {
      await Promise.all(Object.values(apps).map((app) => app.close()))
      await Promise.all([alerts.close(), telemetry.close(), usage.close()])
      await settings.close()
    },
  }
}
