import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { createConsoleProxy } from '#edge/console/proxy.ts'
import { LargeRequests } from '#edge/large-requests.ts'
import { startServer } from '#edge/server/server.ts'
import { SocketServer } from '#edge/socket-server.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { TokenCounter } from '#edge/token-counter.ts'
import { UpstreamPools } from '#edge/upstream-pools.ts'
import { faultFields } from '#gateway/call-fault.ts'
import { createGateway, type Gateway } from '#gateway/gateway.ts'
import { createIncoming } from '#gateway/incoming/incoming.ts'
import { BackgroundJobs, isJob } from '#gateway/jobs/background-jobs.ts'
import { bookOverdueJobs } from '#gateway/jobs/book-job.ts'
import { presentedKey } from '#gateway/request/admit.ts'
import type { ClaimsVerifier, Road } from '#gateway/road.ts'
import { settleInterrupted } from '#gateway/settlement/interrupted.ts'
import type { Log } from '#lib/log.ts'
import type { Asker } from '#ports.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { dataPath } from '#store/data-paths.ts'
import { openKnownEvents } from '#store/external/known-events.ts'
import { openJournal, type RecoveredOpens } from '#store/journal/writer.ts'
import { openSettingsAndAlerts, settingsFile } from '#store/settings/open.ts'
import { httpAddress } from '../http-address.ts'
import { privately } from '../private-socket.ts'
import type { RoleHooks, RunningRole } from '../processes/role.ts'
import { version } from '../version.ts'
import { BudgetKeeper } from './budget-keeper.ts'
import { budgetsAnswer } from './budgets-answer.ts'
import { firstBlockOf } from './first-block.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import { type KeyHooks, KeyWatch } from './key-watch.ts'
import { OwnMetricsAddress } from './own-metrics-address.ts'
import { layRoad, makeGround } from './road.ts'

/** How long a stop waits for readers to take the end of answers that are in the ledger already. */
const lastBytesMs = 2_000

/** Starts the gateway: the journal first, so that what the last run left open is settled before anything new comes. */
export async function composeGateway(
  config: Config,
  { log, onReady }: RoleHooks,
  metrics: GatewayMetrics = new GatewayMetrics(config, log),
): Promise<RunningRole> {
  const budgets = new BudgetKeeper(config, log)
  const { settings, catalog, journal, recovered } = await openStores(config, { budgets, metrics })
  const jobs = recovered.opens.filter(isJob)
  await budgets.catchUp(journal.position, jobs)
  // After the settings, which make its tables, and the journal, whose end was put right.
  const events = await openEvents(config, log)
  const keys = await KeyWatch.open(settings, config, keyHooks(metrics, log))
  const pools = new UpstreamPools(systemTimers)
  const threads = { estimator: new TokenCounter(systemTimers), largeRequests: new LargeRequests(systemTimers) }
  const { promptHashSecret } = await settings.instance()
  // From now on it only reads them, beside the calls.
  settings.neverWait()
  const ground = makeGround({
    journal,
    keys: () => keys.ring,
    catalog,
    ...threads,
    budgets: budgets.desk,
    counts: metrics.counts,
    promptHashSecret,
    openPools: (options) => pools.use(options),
    onFault: (error) => log.error(faultFields(error), 'a call failed for a fault of the gateway'),
    jobs: new BackgroundJobs(jobs),
  })
  const road = layRoad(config, ground, await claimsVerifier(config, log))
  await settleLastRun(road, recovered, log)

  const handOff = toConsole(config, keys, (asker) => gateway.knows(asker))
  const incoming = createIncoming({ sources: config.incoming, events, journal, alertsOf: budgets.alerts.take })
  const door = metrics.open({
    journal,
    limits: () => budgets.status().limits,
    callsInFlight: () => ground.running.count,
    ready: () => gateway.ready(),
    admits: keys.mayScrape,
  })
  const gateway = createGateway({ road, handOff, incoming, version, metrics: door, host: config.listen.host })
  const server = await openServer(config, gateway, metrics)
  const ownAddress = await OwnMetricsAddress.open(config.metrics.listen, door, log)
  const asked = await openSocket(config, budgets)
  keys.follow()
  onReady(httpAddress(server))

  let drainMs = config.drainMs
  return {
    async apply(next) {
      const laid = layRoad(next, ground, await claimsVerifier(next, log))
      await keys.configure(next)
      budgets.configure(next)
      metrics.configure(next)
      await ownAddress.configure(next.metrics.listen)
      drainMs = next.drainMs
      server.configure(next.limits)
      gateway.layRoad(laid)
      incoming.configure(next.incoming)
    },
    abandon: () => gateway.drain(0).then(() => journal.close()),
    async stop() {
      const closed = server.close()
      await gateway.drain(drainMs)
      // Where it could not be ended as it should, as on a full disk, whoever waits for the rest of an answer still gets it.
      const [ended] = await Promise.allSettled([journal.close()])
      await budgets.close()
      await Promise.all([asked.close(), ownAddress.close()])
      await server.quiet(lastBytesMs)
      server.destroy()
      await closed
      await Promise.all([keys.close(), events.close()])
      await Promise.all([pools.destroy(), settings.close(), ...Object.values(threads).map((thread) => thread.close())])
      if (ended.status === 'rejected') throw ended.reason
    },
  }
}

interface Watchers {
  readonly budgets: BudgetKeeper
  readonly metrics: GatewayMetrics
}

/** At the same time, since each waits for the disk. */
async function openStores(config: Config, watchers: Watchers) {
  const opening = openSettingsAndAlerts({ path: join(config.dataDir, settingsFile), clock: systemClock })
  const firstBlock = async () => firstBlockOf(config.dataDir, (await opening).alerts)
  const ledger = openLedger(config, watchers, firstBlock)
  const [{ settings }, catalog, { journal, recovered }] = await Promise.all([opening, openCatalog(), ledger])
  return { settings, catalog, journal, recovered }
}

function toConsole({ dataDir }: Config, { mayScrape }: KeyWatch, hasKey: (asker: Asker) => boolean) {
  const knows = (asker: Asker) => hasKey(asker) || mayScrape(presentedKey(asker))
  return createConsoleProxy(dataPath(dataDir, 'consoleSocket'), knows)
}

function openServer({ listen, limits }: Config, { take, knows }: Gateway, { counts }: GatewayMetrics) {
  const onNotLetIn = (): void => {
    counts.connectionsRefused += 1
  }
  return startServer({ ...listen, ...limits, onExchange: take, knows, onNotLetIn })
}

/** Whoever adds something up from the entries is told of each before its caller is. */
function openLedger(config: Config, { budgets, metrics }: Watchers, firstBlock: () => Promise<number>) {
  return openJournal({
    ...config.journal,
    ...{ dir: dataPath(config.dataDir, 'journal'), clock: systemClock, timers: systemTimers },
    onWritten: (entries, after) => {
      budgets.written(entries, after)
      metrics.written(entries)
    },
    onSynced: metrics.synced,
    firstBlock,
  })
}

/** Tells those on this machine what the gateway alone knows. */
async function openSocket({ dataDir }: Config, budgets: BudgetKeeper): Promise<SocketServer> {
  const path = dataPath(dataDir, 'gatewaySocket')
  const server = new SocketServer({ '/budgets': () => budgetsAnswer(budgets) })
  await privately(path, () => server.listen(path))
  return server
}

function openEvents({ dataDir }: Config, log: Log) {
  return openKnownEvents({
    dataDir,
    clock: systemClock,
    timers: systemTimers,
    onFault: (error) => log.error({ err: error }, 'what is known of costs metered elsewhere is not up to date'),
  })
}

function keyHooks({ reserveFor }: GatewayMetrics, log: Log): KeyHooks {
  return { onError: (error) => log.error({ err: error }, 'the keys cannot be read'), onStored: reserveFor }
}

/** Books what the last run left open, but for jobs that run on. */
async function settleLastRun(road: Road, { opens, tornBytes, altered }: RecoveredOpens, log: Log): Promise<void> {
  const interrupted = opens.filter((open) => !isJob(open))
  for (const open of interrupted) {
    await road.journal.append(settleInterrupted(open, road.prices, systemClock.wallMs()))
  }
  await bookOverdueJobs(road)
  if (interrupted.length > 0) log.warn(`${interrupted.length} calls of the last run were booked as interrupted`)
  if (altered !== null) log.error(altered.message)
  if (tornBytes > 0) log.warn(`${tornBytes} bytes of a last write that was cut short were set aside`)
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
