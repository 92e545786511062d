import { join } from 'node:path'

/** What a data directory holds, as far as several parts of the program know of it. What is in a folder is its owner's. */
const places = {
  journal: 'journal',
  budgets: 'budgets',
  clickhouse: 'clickhouse',
  ingest: 'ingest',
  quarantine: 'ingest/quarantine.jsonl',
  traces: 'telemetry/traces.json',
  metrics: 'telemetry/metrics.json',
  run: 'run',
  consoleFault: 'run/console-fault',
  consoleSocket: 'run/console.sock',
  adminSocket: 'run/admin.sock',
  gatewaySocket: 'run/gateway.sock',
  simulatorSocket: 'run/simulator.sock',
} as const

/** Where something is in a data directory. */
export function dataPath(dataDir: string, place: keyof typeof places): string {
  return join(dataDir, places[place])
}
