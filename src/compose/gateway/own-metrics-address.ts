import type { MetricsConfig } from '#config/config.ts'
import { type RunningServer, startServer } from '#edge/server/server.ts'
import { type MetricsDoor, metricsPath } from '#gateway/metrics/door.ts'
import type { Log } from '#lib/log.ts'
import type { ClientExchange } from '#ports.ts'

/** A scraper reads at once, or has given up long before. */
const scraperPatienceMs = 60_000

/** Of all scrapers, at a time. */
const scrapersConnections = 256

type Address = NonNullable<MetricsConfig['listen']>

/**
 * The further address for metrics alone, where one is configured. What goes wrong with it is logged and no more: it
 * must not keep calls from being served.
 */
export class OwnMetricsAddress {
  readonly #door: MetricsDoor
  readonly #log: Log
  #wanted: Address | null = null
  #server: RunningServer | null = null

  static async open(wanted: Address | null, door: MetricsDoor, log: Log): Promise<OwnMetricsAddress> {
    const own = new OwnMetricsAddress(door, log)
    await own.configure(wanted)
    return own
  }

  private constructor(door: MetricsDoor, log: Log) {
    this.#door = door
    this.#log = log
  }

  /** Where it listens now; its port is the real one. */
  get address(): Address | null {
    return this.#server === null ? null : { host: this.#server.host, port: this.#server.port }
  }

  /** The new address is taken before the old one is given up: one that cannot be had changes nothing. */
  async configure(wanted: Address | null): Promise<void> {
    if (wanted?.host === this.#wanted?.host && wanted?.port === this.#wanted?.port) return
    const before = this.#server
    try {
      this.#server = wanted === null ? null : await this.#listen(wanted)
      this.#wanted = wanted
    } catch (error) {
      this.#log.error({ err: error }, `metrics cannot be had on ${wanted?.host}:${wanted?.port}`)
      return
    }
    if (wanted !== null) this.#log.info(`metrics on ${wanted.host}:${this.#server?.port}`)
    await closed(before)
  }

  #listen(at: Address): Promise<RunningServer> {
    return startServer({
      ...{ ...at, writeTimeoutMs: scraperPatienceMs, connections: scrapersConnections },
      ...{ onExchange: this.#take(at.host), knows: () => false, onNotLetIn: () => {} },
    })
  }

  #take(host: string): (exchange: ClientExchange) => void {
    return (exchange) => {
      if (exchange.path === metricsPath) this.#door.take(exchange, host)
      else exchange.answer(404, ['content-type', 'text/plain'], Buffer.from(`There is ${metricsPath} here, no more.\n`))
    }
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    await closed(server)
  }
}

async function closed(server: RunningServer | null): Promise<void> {
  if (server === null) return
  const end = server.close()
  server.destroy()
  await end
}
