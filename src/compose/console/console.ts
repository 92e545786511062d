import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { systemClock } from '#edge/system.ts'
import { dataPath } from '#store/data-paths.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { privately } from '../private-socket.ts'
import type { RoleHooks, RunningRole } from '../processes/role.ts'
import { AlertSide } from './alerts.ts'
import { apiOver } from './api.ts'
import { consoleAccess } from './console-access.ts'
import { consoleMetrics } from './console-metrics.ts'
import { openUsageSide } from './open-usage-side.ts'
import { RequestFaults } from './request-faults.ts'
import { TelemetrySide } from './telemetry.ts'

/**
 * Starts the console: the store, the ingester, and the API on two sockets in `run`. On console.sock, which the gateway
 * hands requests to, everyone shows a token; on admin.sock, which only this user can open, nobody does. There alone it
 * tells its metrics, at `/metrics`, as JSON: the gateway shows them with its own.
 */
export async function composeConsole(config: Config, { log, onReady }: RoleHooks): Promise<RunningRole> {
  const place = { path: join(config.dataDir, settingsFile), clock: systemClock }
  const { settings, alerts: alertStore } = await openSettingsAndAlerts(place)
  let current = config
  const metrics = consoleMetrics(log)
  metrics.receiversAre(config.alerts.receivers)
  const alerts = new AlertSide(config, alertStore, log, metrics.onTried)
  const { id: instanceId } = await settings.instance()
  const telemetry = await TelemetrySide.start(config, { instanceId, registry: metrics.registry, log })
  const usage = await openUsageSide(config, instanceId, {
    ...{ log, onInsert: metrics.onInsert },
    // What does not need the store, metrics among it, is not to wait for one that hangs.
    waitMs: 5_000,
  })
  metrics.follow({ usage, firing: () => alerts.firing(), waiting: () => alertStore.waiting() })
  const parts = { usage, alerts, config: () => current, faults: new RequestFaults(log) }
  const open = apiOver(parts, null)
  open.get('/metrics', () => metrics.registry.getMetricsAsJSON())
  const guarded = apiOver(parts, consoleAccess(settings, parts.config))
  for (const [app, place] of [
    [guarded, 'consoleSocket'],
    [open, 'adminSocket'],
  ] as const) {
    const path = dataPath(config.dataDir, place)
    await privately(path, () => app.listen({ path }))
  }
  onReady()
  // Last: where much of the journal is still to be read for them, whoever asks is not to wait for that.
  alerts.start()
  return {
    async apply(next) {
      current = next
      metrics.receiversAre(next.alerts.receivers)
      await Promise.all([alerts.apply(next), telemetry.apply(next)])
    },
    async stop() {
      await Promise.all([guarded.close(), open.close()])
      await Promise.all([alerts.close(), telemetry.close(), usage.close()])
      await settings.close()
    },
  }
}
