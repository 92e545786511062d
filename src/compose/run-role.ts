import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { loadConfigOrExit, processSources, type ReadableConfig } from '#config/process.ts'
import { watchConfig } from '#config/watch.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { createLog, type Log } from '#lib/log.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import type { RoleMessage, RoleName, RunningRole, StartRole } from './role.ts'
import { codeOf, startFaultLine } from './start-faults.ts'
import { StopRequests } from './stop-requests.ts'

const roles: Readonly<Record<RoleName, () => Promise<StartRole>>> = {
  gateway: async () => (await import('./gateway.ts')).composeGateway,
  console: async () => (await import('./console.ts')).composeConsole,
  simulator: async () => (await import('./simulator-role.ts')).simulatorRole,
}

/** Runs one role in this process until it is told to stop. Under a supervisor only the supervisor tells it. */
export async function runRole(name: RoleName): Promise<void> {
  const requests = new StopRequests()
  const [start] = await Promise.all([roles[name](), requests.mayBegin()])
  const loaded = loadConfigOrExit(processSources())
  const { config } = loaded
  const log = createLog({ level: config.logLevel, format: config.logFormat, name })
  let role: RunningRole
  try {
    if (name === 'gateway') await lockJournal(config)
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
  requests.onStop((why) => void end(role, why, log))
  reloadConfig(role, loaded, log)
}

/**
 * The journal has one writer. The supervisor's lock on the data directory does not say so: when it is killed, its
 * gateway still drains while the next one starts.
 */
async function lockJournal({ dataDir, listen }: Config): Promise<void> {
  const address = `http://${listen.host}:${listen.port}`
  await lockDirectory(join(dataDir, 'journal'), { address, nowMs: systemClock.wallMs() })
}

function tell(message: RoleMessage): void {
  if (process.send !== undefined && process.connected) process.send(message)
}

async function giveUp(line: string, log: Log): Promise<never> {
  if (process.send === undefined) log.fatal(line)
  else await new Promise((sent) => process.send?.({ fatal: line }, sent))
  process.exit(1)
}

async function end(role: RunningRole, why: string, log: Log): Promise<never> {
  log.debug(`stopping: ${why}`)
  try {
    await role.stop()
  } catch (error) {
    log.error({ err: error }, 'did not stop in order')
    process.exit(1)
  }
  process.exit(0)
}

function reloadConfig(role: RunningRole, { config, source }: ReadableConfig, log: Log): void {
  const watch = watchConfig({
    sources: processSources(),
    timers: systemTimers,
    current: config,
    source,
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
