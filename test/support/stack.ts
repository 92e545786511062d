import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeGateway } from '#compose/gateway/gateway.ts'
import type { RunningRole } from '#compose/processes/role.ts'
import { composeSimulator, type RunningSimulator } from '#compose/simulator/simulator.ts'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import { createLog } from '#lib/log.ts'
import type { BillEntry } from '#simulator/bill.ts'
import type { Timing } from '#simulator/pace.ts'
import { prepareDataDirectory } from '#store/data-directory.ts'
import { openFollower } from '#store/journal/reader.ts'

export interface StackOptions {
  /** The YAML list below `providers:`. `${SIMULATOR}` in it is the simulator's address. Default: the four vendors. */
  readonly providers?: string
  /** The YAML list below `keys:`. Default: one key, `stack.key`, that may override nothing. */
  readonly keys?: string
  /** Further sections. */
  readonly more?: string
  /** Of the simulator; default: as fast as it can. */
  readonly timing?: Partial<Timing>
  /** An upstream of the test's own in place of the simulator: `${SIMULATOR}` is then its address. */
  readonly upstream?: string
  /** Default: a new one, gone when the stack stops. */
  readonly dataDir?: string
}

/** What the gateway shows its providers. Must be found nowhere but there. */
export const upstreamSecret = 'sk-upstream-5ecre7-0f-7he-provider'
export const callerSecret = 'tg-caller-5ecre7-0f-7he-team'

const vendorsOnSimulator = ['openai', 'anthropic', 'google', 'deepseek']
  .map((kind) => `  - {name: ${kind}, kind: ${kind}, ${simulated()}}`)
  .join('\n')

/** The rest of a provider's line of YAML that stands for the simulator. */
function simulated(): string {
  return `base_url: "\${SIMULATOR}", api_key: ${upstreamSecret}, retries: {max: 2, base_ms: 1}`
}

const oneKey = `  - {name: team, key: ${callerSecret}, attribution: {department: engineering, project: search}}`

/** A simulated provider and a gateway in front of it, in this process, in a data directory of their own. */
export class Stack {
  readonly key = callerSecret
  readonly dataDir: string
  readonly simulator: RunningSimulator
  readonly #options: StackOptions
  readonly #logged: string[] = []
  #gateway: RunningRole | null = null
  #url = ''

  private constructor(options: StackOptions, simulator: RunningSimulator) {
    this.#options = options
    this.simulator = simulator
    // Short: there are Unix sockets in it.
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'tg-'))
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const listen = { host: '127.0.0.1', port: 0 }
    const simulator = await composeSimulator({ listen, timing: { speed: 0, ...options.timing } })
    const stack = new Stack(options, simulator)
    try {
      await stack.startGateway()
    } catch (error) {
      await stack.stop()
      throw error
    }
    return stack
  }

  /** Of the gateway, without a path. A restart may change it. */
  get url(): string {
    return this.#url
  }

  /** All that the gateway logged. */
  get log(): string {
    return this.#logged.join('')
  }

  async startGateway(): Promise<void> {
    prepareDataDirectory(this.dataDir)
    const log = createLog(
      { level: 'trace', format: 'json', name: 'gateway' },
      { write: (line) => this.#logged.push(line) },
    )
    this.#gateway = await composeGateway(this.config(), { log, onReady: (address) => (this.#url = address ?? '') })
  }

  async stopGateway(): Promise<void> {
    const gateway = this.#gateway
    this.#gateway = null
    await gateway?.stop()
  }

  /** As after a fault that nobody took. */
  async abandonGateway(): Promise<void> {
    await this.#gateway?.abandon?.()
  }

  /** The configuration of these options; others take the place of those of the start. */
  config(changed: StackOptions = {}): Config {
    const { providers = vendorsOnSimulator, keys = oneKey, more = '', upstream } = { ...this.#options, ...changed }
    const text = [`data_dir: ${this.dataDir}`, 'listen: 127.0.0.1:0', 'providers:', providers, 'keys:', keys, more]
    const env = { TOLLGATE_CONFIG: 'test.yaml', SIMULATOR: upstream ?? this.simulator.address }
    const loaded = loadConfig({ env, cwd: this.dataDir, readFile: () => `${text.join('\n')}\n` })
    if (loaded.ok) return loaded.config
    throw new Error(loaded.faults.map(({ path, wrong, expected }) => `${path}: ${wrong}; ${expected}`).join('\n'))
  }

  /** As on SIGHUP. Resolves when all of it is in force; prices and keys are at once. */
  async reload(changed: StackOptions): Promise<void> {
    await this.#gateway?.apply?.(this.config(changed))
  }

  /** What the simulated provider says that it served. */
  bill(): BillEntry[] {
    return [...this.simulator.simulation.bill.entries()]
  }

  /** All entries of the journal, in order. */
  async journal(): Promise<LedgerEntry[]> {
    const follower = await openFollower({ dir: join(this.dataDir, 'journal'), position: null })
    const entries: LedgerEntry[] = []
    for (;;) {
      const blocks = await follower.next(10_000)
      if (blocks.length === 0) break
      for (const { lines } of blocks) entries.push(...lines.map(decodeEntry))
    }
    await follower.close()
    return entries
  }

  /** The records of the calls that are over. */
  async ledger(): Promise<SettleEntry[]> {
    return (await this.journal()).filter((entry) => entry.kind === 'settle')
  }

  /** The value of one of the gateway's counters, by its name in /metrics, summed up over its labels. */
  async counter(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  async stop(): Promise<void> {
    try {
      await this.stopGateway()
    } finally {
      await this.simulator.close()
      rmSync(this.dataDir, { recursive: true, force: true })
    }
  }
}

export const startStack = Stack.start
