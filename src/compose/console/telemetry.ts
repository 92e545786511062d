import { hostname } from 'node:os'
import type { Registry } from 'prom-client'
import type { Config, TelemetryConfig } from '#config/config.ts'
import type { TelemetryWatch } from '#core/telemetry/signals.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'
import { MetricsFlow } from '#reactions/telemetry/metrics-flow.ts'
import type { Servers } from '#reactions/telemetry/operation.ts'
import { SpanFlow } from '#reactions/telemetry/span-flow.ts'
import { TelemetryMetrics } from '#reactions/telemetry/telemetry-metrics.ts'
import { dataPath } from '#store/data-paths.ts'
import { newestSegmentBookmark, openEntryFeed } from '#store/journal/feed.ts'
import { openTracedFeed } from '#store/journal/traced-feed.ts'
import { placeFile } from '#store/telemetry/places.ts'
import { version } from '../version.ts'

/** More calls that are traced and not over are nobody's real traffic. */
const mostOpen = 10_000

interface TelemetryParts {
  readonly instanceId: string
  /** Where it is counted how exports go. */
  readonly registry: Registry
  readonly log: Log
}

/** What is exported to an OpenTelemetry collector: on where the configuration says so, as it says. */
export class TelemetrySide {
  readonly #parts: TelemetryParts
  #watch: TelemetryMetrics | null = null
  #config: Config
  #running: Running | null = null

  private constructor(config: Config, parts: TelemetryParts) {
    this.#config = config
    this.#parts = parts
  }

  static async start(config: Config, parts: TelemetryParts): Promise<TelemetrySide> {
    const side = new TelemetrySide(config, parts)
    await side.#start()
    return side
  }

  async apply(config: Config): Promise<void> {
    const before = this.#config
    this.#config = config
    if (JSON.stringify(before.telemetry) === JSON.stringify(config.telemetry)) return
    await this.close()
    await this.#start()
  }

  /** Exports what is in the journal, as far as that is quickly done; the next start exports the rest. */
  async close(): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.close()
    this.#watch?.ended()
  }

  async #start(): Promise<void> {
    const { telemetry, dataDir } = this.#config
    if (telemetry === null) return
    const { registry, log, instanceId } = this.#parts
    this.#watch ??= new TelemetryMetrics(registry)
    const servers = (): Servers => serversOf(this.#config)
    this.#running = await begin(telemetry, { dataDir, instanceId, servers, watch: this.#watch, log })
  }
}

interface Running {
  close(): Promise<void>
}

interface Surroundings {
  readonly dataDir: string
  readonly instanceId: string
  readonly servers: () => Servers
  readonly watch: TelemetryWatch
  readonly log: Log
}

async function begin(config: TelemetryConfig, around: Surroundings): Promise<Running> {
  // Loaded only where it is needed: the libraries cost the start time.
  const { OtlpCollector } = await import('#edge/otlp/otlp.ts')
  const { dataDir, instanceId, servers, watch, log } = around
  const { endpoint, headers, timeoutMs, metricsIntervalMs: intervalMs } = config
  const resource = { ...ownResource(instanceId), ...config.resource }
  const collector = new OtlpCollector({ endpoint, headers, timeoutMs, resource, version, clock: systemClock })
  const common = { servers, watch, log, clock: systemClock, timers: systemTimers }
  const dir = dataPath(dataDir, 'journal')
  const timers = systemTimers
  const spans = new SpanFlow({
    ...common,
    openFeed: (place) => openTracedFeed({ dir, place, mostOpen, timers }),
    place: placeFile(dataPath(dataDir, 'traces')),
    send: (batch, signal) => collector.sendSpans(batch, signal),
  })
  const metrics = new MetricsFlow({
    ...common,
    openFeed: (bookmark) => openEntryFeed({ dir, bookmark: bookmark ?? newestSegmentBookmark(dir), timers }),
    place: placeFile(dataPath(dataDir, 'metrics')),
    record: (measures) => collector.record(measures),
    send: (signal) => collector.sendMetrics(signal),
    intervalMs,
  })
  spans.start()
  metrics.start()
  log.info({ endpoint, sampleRatio: config.sampleRatio }, 'calls are exported to an OpenTelemetry collector')
  return {
    async close() {
      await Promise.all([spans.stop(), metrics.stop()])
      await collector.close()
    },
  }
}

/** https://opentelemetry.io/docs/specs/semconv/resource/: which instance of which service this is. */
function ownResource(instanceId: string): Record<string, string> {
  return {
    'service.name': 'tollgate',
    'service.version': version,
    'service.instance.id': instanceId,
    'host.name': hostname(),
  }
}

function serversOf({ providers }: Config): Servers {
  return new Map(
    providers.flatMap(({ name, baseUrl }) => {
      const url = baseUrl === null ? null : URL.parse(baseUrl)
      if (url === null) return []
      const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
      return [[name, { address: url.hostname, port }] as const]
    }),
  )
}
