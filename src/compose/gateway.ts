import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { createConsoleProxy } from '#edge/console-proxy.ts'
import { startServer } from '#edge/server.ts'
import { SocketServer } from '#edge/socket-server.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { TokenCounter } from '#edge/token-counter.ts'
import { UpstreamPools } from '#edge/upstream-pools.ts'
import { BackgroundJobs, isJob } from '#gateway/background-jobs.ts'
import { bookOverdueJobs } from '#gateway/book-job.ts'
import { faultFields } from '#gateway/call-fault.ts'
import { createGateway } from '#gateway/gateway.ts'
import { createIncoming } from '#gateway/incoming/incoming.ts'
import { settleInterrupted } from '#gateway/interrupted.ts'
import type { ClaimsVerifier } from '#gateway/road.ts'
import type { Log } from '#lib/log.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { openKnownEvents } from '#store/external/known-events.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { BudgetKeeper } from './budget-keeper.ts'
import { budgetsAnswer } from './budgets-answer.ts'
import { KeyWatch } from './key-watch.ts'
import { privately } from './private-socket.ts'
import { layRoad, makeGround } from './road.ts'
import type { RoleHooks, RunningRole } from './role.ts'
import { version } from './version.ts'

/** How long a stop waits for readers to take the end of answers that are in the ledger already. */
const lastBytesMs = 2_000

/** Starts the gateway: the journal first, so that what the last run left open is settled before anything new comes. */
export async function composeGateway(config: Config, { log, onReady }: RoleHooks): Promise<RunningRole> {
  const budgets = new BudgetKeeper(config, log)
  const [settings, catalog, opened] = await Promise.all([
    openSettings({ path: join(config.dataDir, settingsFile), clock: systemClock }),
    openCatalog(),
    openJournal({
      ...config.journal,
      ...{ dir: join(config.dataDir, 'journal'), clock: systemClock, timers: systemTimers },
      onWritten: budgets.written,
    }),
  ])
  const { journal, recovered } = opened
  await budgets.catchUp(journal.position)
  // After the settings, which make its tables, and the journal, whose end was put right.
  const events = await openKnownEvents({
    dataDir: config.dataDir,
    clock: systemClock,
    timers: systemTimers,
    onFault: (error) => log.error({ err: error }, 'what is known of costs metered elsewhere is not up to date'),
  })
  const keys = await KeyWatch.open(settings, config, (error) => log.error({ err: error }, 'the keys cannot be read'))
  const pools = new UpstreamPools(systemTimers)
  const estimator = new TokenCounter(systemTimers)
  const ground = makeGround({
    journal,
    keys: () => keys.ring,
    catalog,
    estimator,
    budgets: budgets.desk,
    promptHashSecret: (await settings.instance()).promptHashSecret,
    openPools: (options) => pools.use(options),
    onFault: (error) => log.error(faultFields(error), 'a call failed for a fault of the gateway'),
    jobs: new BackgroundJobs(recovered.opens.filter(isJob)),
  })
  const road = layRoad(config, ground, await claimsVerifier(config, log))
  const interrupted = recovered.opens.filter((open) => !isJob(open))
  for (const open of interrupted) {
    await journal.append(settleInterrupted(open, road.prices, systemClock.wallMs()))
  }
  await bookOverdueJobs(road)
  if (interrupted.length > 0) log.warn(`${interrupted.length} calls of the last run were booked as interrupted`)
  if (recovered.tornBytes > 0)
    log.warn(`${recovered.tornBytes} bytes of a last write that was cut short were set aside`)

  const handOff = createConsoleProxy(join(config.dataDir, 'run', 'console.sock'))
  const incoming = createIncoming({ sources: config.incoming, events, journal })
  const gateway = createGateway({ road, handOff, incoming, version })
  const server = await startServer({ ...config.listen, onExchange: gateway.take })
  const asked = new SocketServer({ '/budgets': () => budgetsAnswer(budgets) })
  const askedAt = join(config.dataDir, 'run', 'gateway.sock')
  await privately(askedAt, () => asked.listen(askedAt))
  keys.follow()
  onReady(`http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`)

  let drainMs = config.drainMs
  return {
    async apply(next) {
      const laid = layRoad(next, ground, await claimsVerifier(next, log))
      await keys.configure(next)
      budgets.configure(next)
      drainMs = next.drainMs
      gateway.layRoad(laid)
      incoming.configure(next.incoming)
    },
    async stop() {
      const closed = server.close()
      await gateway.drain(drainMs)
      await journal.close()
      await budgets.close()
      await asked.close()
      await server.quiet(lastBytesMs)
      server.destroy()
      await closed
      await Promise.all([keys.close(), events.close()])
      await Promise.all([pools.destroy(), estimator.close(), settings.close()])
    },
  }
}

async function claimsVerifier({ jwt }: Config, log: Log): Promise<ClaimsVerifier | null> {
  if (jwt === null) return null
  // Loaded only where it is needed: the library costs the start time.
  const { createJwtVerifier } = await import('#edge/jwt.ts')
  return createJwtVerifier(jwt, {
    clock: systemClock,
    readFile: (path) => readFile(path, 'utf8'),
    onKeysFault: (fault) => log.warn({ err: fault }, 'the keys of the identity provider cannot be had'),
  })
}
