import { fileURLToPath } from 'node:url'
import type { Config } from '#config/config.ts'
import { loadConfigOrExit, processSources, type ReadableConfig } from '#config/process.ts'
import { watchConfig } from '#config/watch.ts'
import { gatewayFlags } from '#edge/node-flags.ts'
import { type Child, keepAlive } from '#edge/supervisor.ts'
import { systemTimers } from '#edge/system.ts'
import { createLog, type Log } from '#lib/log.ts'
import { prepareDataDirectory } from '#store/data-directory.ts'
import { bannerText } from './banner.ts'
import { type Instance, takeInstance } from './instance.ts'
import type { RoleName } from './role.ts'
import { codeOf, startFaultLine } from './start-faults.ts'

/** Beyond its drain deadline, what the gateway may take to account for the calls it broke off. */
const afterDrainMs = 5_000
const consoleStopMs = 15_000
const simulatorStopMs = 2_000

/**
 * Starts everything that `tollgate serve` is and keeps it running until a signal. Answers with the exit code:
 * 0 after an orderly stop, 1 where it could not start or was told twice to stop. Ends the process itself with code 2
 * where the configuration has faults.
 */
export async function superviseTollgate(overrides: Readonly<Record<string, string>>): Promise<number> {
  const sources = processSources({ ...logFormat(), ...overrides })
  const loaded = loadConfigOrExit(sources)
  const { config } = loaded
  const log = createLog({ level: config.logLevel, format: config.logFormat, name: 'supervisor' })
  const instance = await claim(config)
  if (typeof instance === 'string') {
    process.stderr.write(`tollgate: ${instance}\n`)
    return 1
  }
  try {
    return await new Supervisor(loaded, sources.env, log, instance.secrets).run()
  } finally {
    instance.release()
  }
}

/** People at a terminal get lines; programs that collect logs get JSON. */
function logFormat(): Record<string, string> {
  return process.stderr.isTTY ? { TOLLGATE_LOG_FORMAT: 'pretty' } : {}
}

/** The instance, or what keeps it from starting, for people. */
async function claim(config: Config): Promise<Instance | string> {
  try {
    prepareDataDirectory(config.dataDir)
    return await takeInstance(config)
  } catch (error) {
    return startFaultLine(codeOf(error), config) ?? (error instanceof Error ? error.message : String(error))
  }
}

class Supervisor {
  private readonly loaded: ReadableConfig
  private readonly env: Readonly<Record<string, string | undefined>>
  private readonly log: Log
  private readonly secrets: Instance['secrets']
  private readonly children = new Map<RoleName, Child>()
  private stopping = false
  private end: (code: number) => void = () => {}

  constructor(
    loaded: ReadableConfig,
    env: Readonly<Record<string, string | undefined>>,
    log: Log,
    secrets: Instance['secrets'],
  ) {
    this.loaded = loaded
    this.env = env
    this.log = log
    this.secrets = secrets
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.end = resolve
    })
    this.listenToSignals()
    // The gateway first: it is what callers wait for. Nobody waits for the console.
    const gateway = this.start('gateway')
    const simulator = needsSimulator(this.loaded.config) ? this.start('simulator') : Promise.resolve('')
    void this.start('console')
    const ready = await Promise.race([Promise.all([gateway, simulator]), ended])
    if (typeof ready === 'number') {
      this.showUnseenSecrets()
      return ready
    }
    if (!this.stopping) process.stdout.write(this.banner(ready[0]))
    const watch = this.watch()
    const code = await ended
    watch.close()
    return code
  }

  /** Resolves with the address when the role is ready for the first time. */
  private start(role: RoleName): Promise<string> {
    return new Promise((resolve) => {
      const main = fileURLToPath(new URL('../main.ts', import.meta.url))
      const child = keepAlive(
        {
          name: role,
          nodeFlags: role === 'gateway' ? gatewayFlags : [],
          args: [main, 'run', role],
          env: this.env,
          mostFailedStarts: role === 'console' ? null : 4,
        },
        {
          onReady: (address) => {
            this.log.debug({ address }, `${role} is ready`)
            resolve(address ?? '')
          },
          onFatal: (line) => void this.giveUp(role, line),
          onRestart: (why, delayMs) => this.log.error(`${role} ${why}; starting it again in ${delayMs} ms`),
        },
      )
      this.children.set(role, child)
    })
  }

  private listenToSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.stopping) {
          for (const child of this.children.values()) child.kill()
          this.end(1)
          return
        }
        this.log.info(`${signal}: stopping; calls under way may finish, a second signal stops at once`)
        void this.stop(0)
      })
    }
    process.on('SIGHUP', () => {
      for (const child of this.children.values()) child.signal('SIGHUP')
    })
  }

  /** The gateway drains while simulator and console are still there; the console then reads the journal to its end. */
  private async stop(code: number): Promise<void> {
    if (this.stopping) return
    this.stopping = true
    const stopChild = async (role: RoleName, deadlineMs: number) =>
      (await this.children.get(role)?.stop(deadlineMs)) ?? true
    const drained = await stopChild('gateway', this.loaded.config.drainMs + afterDrainMs)
    if (!drained) this.log.error('the gateway did not stop in order; calls without an end are booked as interrupted')
    await Promise.all([stopChild('console', consoleStopMs), stopChild('simulator', simulatorStopMs)])
    this.end(drained ? code : 1)
  }

  private async giveUp(role: RoleName, line: string): Promise<void> {
    if (role === 'console') {
      this.log.error(`the console cannot start: ${line}; calls are taken and kept in the journal, reports have to wait`)
      return
    }
    process.stderr.write(`tollgate: ${line}\n`)
    await this.stop(1)
  }

  private banner(address: string): string {
    const { config, source, warnings } = this.loaded
    return bannerText({
      address: address === '' ? `http://${config.listen.host}:${config.listen.port}` : address,
      config,
      configPath: source.path,
      ...this.secrets,
      warnings,
      command: 'npx tollgate',
    })
  }

  /** They are kept as hashes only: a start that fails after they were made must not swallow them. */
  private showUnseenSecrets(): void {
    const { adminToken, firstKey } = this.secrets
    if (adminToken !== null) process.stdout.write(`admin token (shown only now): ${adminToken}\n`)
    if (firstKey !== null) process.stdout.write(`first key (shown only now): ${firstKey}\n`)
  }

  /** The roles watch the file themselves; here only what concerns which of them run. */
  private watch() {
    const { config, source } = this.loaded
    return watchConfig({
      sources: { ...processSources(), env: this.env },
      timers: systemTimers,
      current: config,
      source,
      onConfig: (next) => {
        if (needsSimulator(next) && !this.children.has('simulator') && !this.stopping) void this.start('simulator')
      },
      onFaults: () => {},
    })
  }
}

function needsSimulator(config: Config): boolean {
  return config.providers.some(({ kind, baseUrl }) => kind === 'simulated' && baseUrl === null)
}
