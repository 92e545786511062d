import type { Config } from '#config/config.ts'
import { type Environment, processEnvironment } from '#config/environment.ts'
import { type Child, keepAlive } from '#edge/supervisor.ts'
import { systemClock } from '#edge/system.ts'
import { noteConsoleFault } from './console-fault.ts'
import type { Prepared } from './prepare.ts'
import type { RoleName } from './role.ts'
import { roleProcess } from './role-process.ts'
import { StopSignals } from './stop-signals.ts'

/** Beyond its drain deadline, what the gateway may take to account for the calls it broke off. */
const afterDrainMs = 5_000
const consoleStopMs = 15_000
const simulatorStopMs = 2_000
/**
 * After how long `tollgate serve` has ended at the latest, from SIGTERM on. Who would kill it has to wait longer: the
 * grace periods of the images, manifests and units under deploy/ are held to this.
 */
export const longestStopMs = (drainMs: number): number => drainMs + afterDrainMs + consoleStopMs
/** How often a role may die before it was ever ready. The console never runs out: calls are taken without it. */
const mostFailedStarts = 4

/**
 * Starts everything that `tollgate serve` is and keeps it running until a signal. Answers with the exit code:
 * 0 after an orderly stop, 1 where it could not start or was told twice to stop. Ends the process itself with code 2
 * where the configuration has faults.
 */
export function superviseTollgate(overrides: Readonly<Record<string, string>>): Promise<number> {
  return new Supervisor(processEnvironment(overrides)).run()
}

class Supervisor {
  readonly #env: Environment
  readonly #children = new Map<RoleName, Child>()
  readonly #begin = Promise.withResolvers<void>()
  /** In force now: what a role is given when it starts, and when it is started again. */
  #config: Config | null = null
  readonly #ended = Promise.withResolvers<number>()
  #prepared: Prepared | null = null
  #secretsShown = false
  #stopping = false

  constructor(env: Environment) {
    this.#env = env
  }

  async run(): Promise<number> {
    this.#listenToSignals()
    // Callers wait for the gateway: it loads its modules while we read the configuration and take the data directory.
    const gateway = this.#start('gateway')
    const prepared = await (await import('./prepare.ts')).prepare(this.#env)
    if (typeof prepared === 'string') {
      process.stderr.write(`tollgate: ${prepared}\n`)
      for (const child of this.#children.values()) child.kill()
      return 1
    }
    this.#prepared = prepared
    this.#config = prepared.loaded.config
    // What the last run noted is over.
    this.#noteConsole(null)
    try {
      this.#begin.resolve()
      return await this.#serve(prepared, gateway)
    } finally {
      // They are kept as hashes only: a start that fails after they were made must not swallow them.
      if (!this.#secretsShown) showSecrets(prepared)
      prepared.instance.release()
    }
  }

  async #serve(prepared: Prepared, gateway: Promise<string>): Promise<number> {
    const simulator = needsSimulator(prepared.loaded.config) ? this.#start('simulator') : Promise.resolve('')
    // Loading the engine takes a core for a second, and nobody waits for the console.
    void gateway.then(() => {
      if (!this.#stopping) void this.#start('console')
    })
    const ready = await Promise.race([Promise.all([gateway, simulator]), this.#ended.promise])
    if (typeof ready === 'number') return ready
    await this.#showBanner(prepared, ready[0])
    const watch = prepared.watch((next) => {
      this.#config = next
      for (const child of this.#children.values()) child.tell({ apply: next })
      if (needsSimulator(next) && !this.#children.has('simulator') && !this.#stopping) void this.#start('simulator')
    })
    process.on('SIGHUP', () => watch.reload())
    const code = await this.#ended.promise
    watch.close()
    return code
  }

  /** Resolves with the address when the role is ready for the first time. */
  #start(role: RoleName): Promise<string> {
    const ready = Promise.withResolvers<string>()
    const spec = {
      ...roleProcess(role, this.#env),
      begin: () => this.#begin.promise.then(() => ({ begin: this.#config })),
      mostFailedStarts: role === 'console' ? null : mostFailedStarts,
    }
    const child = keepAlive(spec, {
      onReady: (address) => {
        if (role === 'console') this.#noteConsole(null)
        this.#prepared?.log.debug({ address }, `${role} is ready`)
        ready.resolve(address ?? '')
      },
      onFatal: (line) => void this.#giveUp(line),
      onRestart: ({ fatal, end }, delayMs) => {
        const why = fatal === null ? end : `cannot start: ${fatal}`
        if (role === 'console') this.#noteConsole(why)
        this.#prepared?.log.error(`${role} ${why}; starting it again in ${delayMs} ms${meanwhile(role)}`)
      },
    })
    this.#children.set(role, child)
    return ready.promise
  }

  #listenToSignals(): void {
    const signals = new StopSignals()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        switch (signals.take(systemClock.monotonicMs())) {
          case 'stop':
            this.#prepared?.log.info(`${signal}: stopping; calls under way may finish, a second signal stops at once`)
            return void this.#stop(0)
          case 'at_once':
            this.#prepared?.log.warn(`${signal} once more: stopping at once; calls under way are booked as interrupted`)
            for (const child of this.#children.values()) child.kill()
            this.#ended.resolve(1)
        }
      })
    }
    // Until there is a configuration to read again, a wish to do so must not end us.
    process.on('SIGHUP', () => {})
  }

  /** The gateway drains while simulator and console are still there; the console then reads the journal to its end. */
  async #stop(code: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const stopChild = async (role: RoleName, deadlineMs: number) =>
      (await this.#children.get(role)?.stop(deadlineMs)) ?? true
    const drainMs = this.#config?.drainMs ?? 0
    const drained = await stopChild('gateway', drainMs + afterDrainMs)
    if (!drained) {
      this.#prepared?.log.error('the gateway did not stop in order; calls without an end are booked as interrupted')
    }
    await Promise.all([stopChild('console', consoleStopMs), stopChild('simulator', simulatorStopMs)])
    this.#ended.resolve(drained ? code : 1)
  }

  /** For commands, which have no other way to learn why there is none. */
  #noteConsole(fault: string | null): void {
    if (this.#config !== null) noteConsoleFault(this.#config.dataDir, fault)
  }

  async #giveUp(line: string): Promise<void> {
    process.stderr.write(`tollgate: ${line}\n`)
    await this.#stop(1)
  }

  async #showBanner({ loaded, instance }: Prepared, address: string): Promise<void> {
    const { bannerText } = await import('./banner.ts')
    const { config, source, warnings } = loaded
    this.#secretsShown = true
    const facts = { address, config, configPath: source.path, ...instance.secrets, warnings, command: 'npx tollgate' }
    process.stdout.write(bannerText(facts))
  }
}

function meanwhile(role: RoleName): string {
  return role === 'console' ? '; calls are taken and kept in the journal, reports and alerts have to wait' : ''
}

function showSecrets({ instance }: Prepared): void {
  const { adminToken, firstKey } = instance.secrets
  if (adminToken !== null) process.stdout.write(`admin token (shown only now): ${adminToken}\n`)
  if (firstKey !== null) process.stdout.write(`first key (shown only now): ${firstKey}\n`)
}

function needsSimulator(config: Config): boolean {
  return config.providers.some(({ kind, baseUrl }) => kind === 'simulated' && baseUrl === null)
}
