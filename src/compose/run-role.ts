import { loadConfigOrExit, processSources, type ReadableConfig } from '#config/process.ts'
import { watchConfig } from '#config/watch.ts'
import { systemTimers } from '#edge/system.ts'
import { createLog, type Log } from '#lib/log.ts'
import type { RoleMessage, RoleName, RunningRole, StartRole } from './role.ts'
import { codeOf, startFaultLine } from './start-faults.ts'

const roles: Readonly<Record<RoleName, () => Promise<StartRole>>> = {
  gateway: async () => (await import('./gateway.ts')).composeGateway,
  console: async () => (await import('./console.ts')).composeConsole,
  simulator: async () => (await import('./simulator-role.ts')).simulatorRole,
}

/** Runs one role in this process until it is told to stop. Under a supervisor only the supervisor tells it. */
export async function runRole(name: RoleName): Promise<void> {
  const sources = processSources()
  const loaded = loadConfigOrExit(sources)
  const { config } = loaded
  const log = createLog({ level: config.logLevel, format: config.logFormat, name })
  let role: RunningRole
  try {
    const start = await roles[name]()
    role = await start(config, {
      log,
      onReady: (address) => tell(address === undefined ? { ready: true } : { ready: true, address }),
    })
  } catch (error) {
    log.debug({ err: error }, 'could not start')
    const message = error instanceof Error ? error.message : String(error)
    await giveUp(startFaultLine(codeOf(error), config) ?? message, log)
    return
  }
  stopInOrder(role, log)
  reloadConfig(role, loaded, log)
}

function tell(message: RoleMessage): void {
  if (process.send !== undefined && process.connected) process.send(message)
}

async function giveUp(line: string, log: Log): Promise<never> {
  if (process.send === undefined) log.fatal(line)
  else await new Promise((sent) => process.send?.({ fatal: line }, sent))
  process.exit(1)
}

/**
 * A signal from a terminal reaches every process of the group. Under a supervisor a role therefore ignores signals and
 * waits for its word, so that the gateway drains while the console is still there. If the supervisor is gone, so is
 * its channel, and the role stops by itself.
 */
function stopInOrder(role: RunningRole, log: Log): void {
  let stopping = false
  const stop = async (why: string) => {
    if (stopping) return
    stopping = true
    log.debug(`stopping: ${why}`)
    try {
      await role.stop()
      process.exit(0)
    } catch (error) {
      log.error({ err: error }, 'did not stop in order')
      process.exit(1)
    }
  }
  const supervised = process.send !== undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (supervised && process.connected) return
      if (stopping) process.exit(1)
      void stop(signal)
    })
  }
  if (!supervised) return
  process.on('message', (message) => {
    if (message !== null && typeof message === 'object' && 'stop' in message) void stop('the supervisor said so')
  })
  process.on('disconnect', () => void stop('the supervisor is gone'))
}

function reloadConfig(role: RunningRole, { config, source }: ReadableConfig, log: Log): void {
  const watch = watchConfig({
    sources: processSources(),
    timers: systemTimers,
    current: config,
    path: source.path,
    onConfig: (next, notes) => {
      log.level = next.logLevel
      role.apply?.(next)
      log.info(`the configuration was read again${notes.length === 0 ? '' : `; ${notes.join('; ')}`}`)
    },
    onFaults: (lines) => {
      log.error(`the new configuration has faults, the old one stays in force: ${lines.join(' | ')}`)
    },
  })
  process.on('SIGHUP', () => watch.reload())
}
