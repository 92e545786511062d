import { Registry } from 'prom-client'
import { TelemetrySide } from '#compose/console/telemetry.ts'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import type { Signal } from '#core/telemetry/signals.ts'
import { createLog } from '#lib/log.ts'

/** A configuration that exports from a data directory, each second fraction. */
export function exportingConfig(dataDir: string, collectorUrl: string, otlp = ''): Config {
  const text = `
data_dir: ${dataDir}
telemetry:
  otlp: {endpoint: "${collectorUrl}"${otlp === '' ? '' : `, ${otlp}`}}
  traces: {sample_ratio: 1}
  metrics: {interval_ms: 100}
`
  const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml' }, cwd: dataDir, readFile: () => text })
  if (loaded.ok) return loaded.config
  throw new Error(JSON.stringify(loaded.faults))
}

export interface ExportingSide {
  readonly side: TelemetrySide
  readonly lines: string[]
  /** The value of `tollgate_telemetry_<name>`; null where it has none. */
  value(name: string, signal: Signal): Promise<number | null>
}

/** What the console does for telemetry, alone and in this process. */
export async function startExporting(config: Config): Promise<ExportingSide> {
  const registry = new Registry()
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'json', name: 'console' }, { write: (line) => lines.push(line) })
  const side = await TelemetrySide.start(config, { instanceId: 'instance-1', registry, log })
  return {
    side,
    lines,
    async value(name, signal) {
      const metric = await registry.getSingleMetric(`tollgate_telemetry_${name}`)?.get()
      return metric?.values.find(({ labels }) => labels['signal'] === signal)?.value ?? null
    },
  }
}
