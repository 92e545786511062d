import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ConsoleAway, type ConsoleLink, type OpenConsoleLink } from '#cli/console-link.ts'
import type { Config } from '#config/config.ts'
import { loadConfigOrExit, processSources } from '#config/process.ts'
import { askConsole, type ConsoleQuestion } from '#edge/console/client.ts'
import { systemClock } from '#edge/system.ts'
import { createLog } from '#lib/log.ts'
import type { Clock } from '#ports.ts'
import { dataPath } from '#store/data-paths.ts'
import { DirectoryLocked, lockDirectory } from '#store/directory-lock.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { AlertSide } from '../console/alerts.ts'
import { apiOver } from '../console/api.ts'
import { openUsageSide } from '../console/open-usage-side.ts'
import { RequestFaults } from '../console/request-faults.ts'
import type { UsageSide } from '../console/usage-side.ts'
import { consoleFault } from '../processes/console-fault.ts'
import { sleep } from '../sleep.ts'

/** How long a console that is just starting, or being restarted, is waited for; after a while with a word. */
const startingMs = 60_000
const saidAfterMs = 2_000
/** How long another command that has the store is. */
const commandMs = 10_000
const retryMs = 200

/**
 * The way of the commands that read to the usage store: the running console over its socket or, where none runs, the
 * store itself, opened here after the journal was caught up with.
 *
 * @throws where there is no data directory, or somebody has it without serving a console
 */
export const openConsoleLink: OpenConsoleLink = async (overrides) => {
  const { config } = loadConfigOrExit(processSources(overrides))
  if (statSync(config.dataDir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(
      `there is no data directory ${config.dataDir}: nothing was recorded yet (TOLLGATE_DATA_DIR says where)`,
    )
  }
  const socketPath = dataPath(config.dataDir, 'adminSocket')
  const begunMs = systemClock.monotonicMs()
  for (let isSaid = false; ; await sleep(retryMs)) {
    // Not asked where it could not be started: an old one that hangs may still have the socket.
    const answer = consoleFault(config.dataDir) === null ? await askHealth(socketPath) : null
    if (answer !== null) return overSocket(socketPath)
    try {
      return await openOffline(config)
    } catch (error) {
      if (!(error instanceof DirectoryLocked)) throw error
      const waitedMs = systemClock.monotonicMs() - begunMs
      const fault = consoleFault(config.dataDir)
      const givenUp = giveUp(error, { waitedMs, fault })
      if (givenUp !== null) throw givenUp
      const server = serverOf(error)
      if (server === null || isSaid || waitedMs < saidAfterMs) continue
      process.stderr.write(`tollgate: waiting for the console of ${server}, which is starting\n`)
      isSaid = true
    }
  }
}

/** Null as well where it breaks off: a console that died is started again. */
function askHealth(socketPath: string) {
  return askConsole(socketPath, '/health').catch(() => null)
}

/** What it ends with where somebody has the directory for so long and no console answers; null = it is waited on. */
export function giveUp(
  locked: DirectoryLocked,
  { waitedMs, fault }: { readonly waitedMs: number; readonly fault: string | null },
): Error | null {
  const server = serverOf(locked)
  if (server === null) return waitedMs > commandMs ? locked : null
  if (fault !== null && waitedMs > commandMs)
    return new Error(`Tollgate runs, but its console ${fault}; it is started again and again, calls are taken and kept`)
  if (waitedMs <= startingMs) return null
  return new Error(`the console of ${server} is not up yet: try again in a moment; the log there says how it gets on`)
}

/** A server says where it can be reached, a command does not. */
function serverOf({ holder }: DirectoryLocked): string | null {
  return holder === null || holder.address === '' ? null : `process ${holder.pid} at ${holder.address}`
}

function overSocket(socketPath: string): ConsoleLink {
  const ask = async (path: string, more?: ConsoleQuestion) => {
    const answer = await askConsole(socketPath, path, more).catch((cause: unknown) => {
      throw new ConsoleAway('the console broke off its answer; try again', { cause })
    })
    if (answer === null) throw new ConsoleAway('the console has just stopped; try again')
    return answer
  }
  return {
    holdsDirectory: false,
    get: (path) => ask(path),
    send: (method, path, body) => ask(path, { method, body }),
    close: async () => undefined,
  }
}

async function openOffline(config: Config): Promise<ConsoleLink> {
  const lock = await lockDirectory(config.dataDir, { nowMs: systemClock.wallMs() })
  try {
    const log = createLog({ level: 'error', format: 'pretty', name: 'report' })
    const place = { path: join(config.dataDir, settingsFile), clock: systemClock }
    const { settings, alerts: alertStore } = await openSettingsAndAlerts(place)
    const usage = await openUsageSide(config, (await settings.instance()).id, { log })
    await catchUp(usage).catch(async (error: unknown) => {
      await Promise.all([usage.close(), settings.close()])
      throw error
    })
    const alerts = new AlertSide(config, alertStore, log)
    const app = apiOver({ usage, alerts, config: () => config, faults: new RequestFaults(log) }, null)
    return {
      holdsDirectory: true,
      async get(path) {
        const { statusCode, headers, body } = await app.inject({ url: path })
        return { status: statusCode, fresh: headers['x-tollgate-fresh'] !== 'false', body }
      },
      async send(method, url, payload) {
        const { statusCode, body } = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
        return { status: statusCode, fresh: true, body }
      },
      async close() {
        await app.close()
        await Promise.all([alerts.close(), usage.close()])
        await settings.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** @throws where the journal cannot be ingested: what the store has would be too little. */
async function catchUp({ ingest }: UsageSide): Promise<void> {
  let caughtUp = false
  const done = ingest.caughtUp().then(() => {
    caughtUp = true
  })
  while (!caughtUp) {
    await Promise.race([done, sleep(retryMs)])
    const { fault } = ingest.state()
    if (!caughtUp && fault !== null) throw new Error(`the journal cannot be brought into the store: ${fault}`)
  }
}

export const commandClock: Clock = systemClock
