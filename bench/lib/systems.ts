import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '#config/load.ts'
import { gatewayFlags, roleEnvironment } from '#edge/node-flags.ts'
import { nestedBudgets } from './nested-budgets.ts'
import { everythingElse, type Started, start, underTest } from './processes.ts'
import { benchKey, ports } from './targets.ts'

const node = process.execPath
const main = new URL('../../src/main.ts', import.meta.url).pathname
const here = (file: string): string => new URL(`../${file}`, import.meta.url).pathname
const portkeyServer = new URL('../../node_modules/@portkey-ai/gateway/build/start-server.js', import.meta.url).pathname

export function startUpstream(): Promise<Started> {
  return start({
    core: everythingElse,
    command: [node, here('upstream.ts'), String(ports.upstream)],
    readyUrl: `http://127.0.0.1:${ports.upstream}/`,
  })
}

export function startBareProxy(): Promise<Started> {
  return start({
    core: underTest,
    command: [node, here('bare-proxy.ts'), String(ports.bareProxy), `http://127.0.0.1:${ports.upstream}`],
    readyUrl: `http://127.0.0.1:${ports.bareProxy}/`,
  })
}

export function startPortkey(): Promise<Started> {
  return start({
    core: underTest,
    command: [node, portkeyServer, `--port=${ports.portkey}`, '--headless'],
    env: { TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost', NODE_ENV: 'production' },
    readyUrl: `http://127.0.0.1:${ports.portkey}/`,
  })
}

export interface StartedTollgate {
  /** Of the gateway process alone. */
  readonly pid: number
  readonly dataDir: string
  /** From the command to the first answer. */
  readonly readyMs: number
  stop(): Promise<void>
}

let compiled = false

/** As an installation does, so that what is started here is what a user starts. */
function compileOnce(): void {
  if (compiled) return
  compiled = spawnSync(node, [main, 'compile'], { env: { ...process.env, ...roleEnvironment } }).status === 0
  if (!compiled) throw new Error('"tollgate compile" failed, so that a first start would be measured')
}

const config = (dataDir: string, port: number, budgets: number, collector: string | null): string => `
listen: 127.0.0.1:${port}
data_dir: ${dataDir}
providers:
  - {name: openai, kind: openai, base_url: "http://127.0.0.1:${ports.upstream}/v1", api_key: sk-upstream, max_connections: 2048}
keys:
  - name: bench
    key: ${benchKey}
    attribution: {department: engineering, project: search, cost_center: cc_search}
${nestedBudgets(budgets)}
${collector === null ? '' : `telemetry: {otlp: {endpoint: "${collector}"}, traces: {sample_ratio: 0.01}}`}`

/** With everything on: keys, attribution, prices, the journal with group fsync, and the console ingesting beside it. */
export async function startTollgate({
  port = ports.tollgate as number,
  budgets = 0,
  metrics = true,
  /** Where calls are exported to, with one trace in a hundred. */
  collector = null as string | null,
} = {}): Promise<StartedTollgate> {
  compileOnce()
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-bench-data-'))
  for (const folder of ['run', 'journal']) mkdirSync(join(dataDir, folder))
  const file = join(dataDir, 'tollgate.yaml')
  writeFileSync(file, config(dataDir, port, budgets, collector))
  const loaded = loadConfig({
    env: { TOLLGATE_CONFIG: file },
    cwd: dataDir,
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  const options = { env: roleEnvironment, message: { begin: loaded.config } }
  const began = performance.now()
  const gateway = await start({
    ...{
      core: underTest,
      ...options,
      command: [node, ...gatewayFlags, ...(metrics ? [main, 'run', 'gateway'] : [here('lib/uncounted-gateway.ts')])],
    },
    readyUrl: `http://127.0.0.1:${port}/health`,
  })
  const readyMs = performance.now() - began
  const reports = await start({
    ...{ core: everythingElse, ...options, command: [node, main, 'run', 'console'] },
    readyUrl: `http://127.0.0.1:${port}/api/v1/openapi.json`,
  })
  return {
    ...{ pid: gateway.pid, dataDir, readyMs },
    async stop() {
      await gateway.stop()
      await reports.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
