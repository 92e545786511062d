import { composeGateway } from '#compose/gateway/gateway.ts'
import { GatewayMetrics } from '#compose/gateway/gateway-metrics.ts'
import { Requests } from '#compose/processes/requests.ts'
import { createLog } from '#lib/log.ts'

/** The gateway role, but for its metrics: what they cost is the difference. */
class Uncounted extends GatewayMetrics {
  override readonly written = (): void => undefined
  override readonly synced = (): void => undefined
}

const requests = new Requests()
const config = await requests.mayBegin()
if (config === null) throw new Error('to be started by a benchmark')
const log = createLog({ level: config.logLevel, format: config.logFormat, name: 'gateway' })
const role = await composeGateway(config, { log, onReady: () => undefined }, new Uncounted(config, log))
requests.onStop(() => void role.stop().then(() => process.exit(0)))
