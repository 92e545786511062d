import type { Config } from '#config/config.ts'
import { systemClock } from '#edge/system.ts'
import { errorCode, errorText } from '#lib/error-text.ts'
import { createLog, type Log } from '#lib/log.ts'
import { dataPath } from '#store/data-paths.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import { httpAddress } from '../http-address.ts'
import { lastResort } from './last-resort.ts'
import { Requests } from './requests.ts'
import type { RoleMessage, RoleName, RunningRole } from './role.ts'
import { loadRole } from './role-code.ts'
import { startFaultLine } from './start-faults.ts'
import { stepBack } from './step-back.ts'

/** Where both want a core the gateway then gets about nine tenths of it (Linux: a ninth of the weight). */
const consoleStepsBack = 10

/** Runs one role in this process until it is told to stop. Under a supervisor only the supervisor tells it. */
export async function runRole(name: RoleName): Promise<void> {
  // First of all: the store's threads take over what the thread that starts them has.
  if (name === 'console') stepBack(consoleStepsBack)
  const requests = new Requests()
  const [start, given] = await Promise.all([loadRole(name), requests.mayBegin()])
  // Its parsers are loaded only where nobody has read the configuration for us: they are a fifth of a gateway's memory.
  const { config, follow } =
    given === null ? (await import('./own-config.ts')).readOwnConfig() : { config: given, follow: requests.follow }
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
    await giveUp(startFaultLine(errorCode(error), config) ?? errorText(error), log)
    return
  }
  process.on(
    'uncaughtException',
    lastResort(log, async () => role.abandon?.(), process.exit),
  )
  requests.onStop((why) => void end(role, why, log))
  follow((next) => void apply(role, next, log), log)
}

async function apply(role: RunningRole, next: Config, log: Log): Promise<void> {
  log.level = next.logLevel
  if (role.apply === undefined) return
  try {
    await role.apply(next)
    log.info('the new configuration is in force')
  } catch (error) {
    log.error({ err: error }, 'the new configuration cannot be used; the old one stays in force')
  }
}

/**
 * The journal has one writer. The supervisor's lock on the data directory does not say so: when it is killed, its
 * gateway still drains while the next one starts.
 */
async function lockJournal({ dataDir, listen }: Config): Promise<void> {
  await lockDirectory(dataPath(dataDir, 'journal'), { address: httpAddress(listen), nowMs: systemClock.wallMs() })
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
