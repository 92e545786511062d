import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'
import type { UsageStore } from '#ports.ts'
import { checkpointPath, readCheckpoint } from '#store/ingest/checkpoint.ts'
import { Ingester, type IngesterParts } from '#store/ingest/ingester.ts'
import { type IngestLag, LagMeter, type LagParts } from '#store/ingest/lag.ts'
import type { JournalPosition, OpenSource } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { openEmbedded, openServer, StoreFault, type UsageDatabase } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'

/** The usage store with the ingester that feeds it from the journal of a data directory. */
export interface UsageSide {
  readonly store: UsageStore
  readonly ingest: Pick<Ingester, 'caughtUp' | 'state'> & {
    /** How far the store is behind the journal, whatever keeps it from following. */
    lag(): Promise<IngestLag>
  }
  /** Whether the store answers, and took what it was last given. */
  storeUp(): Promise<boolean>
  close(): Promise<void>
}

const dayMs = 86_400_000
const firstRetryMs = 500
const longestRetryMs = 10_000
/** A server that takes longer to answer the least of questions is as good as down. */
const answerWithinMs = 500
const closeWithinMs = 2_000

export interface UsageSideHooks {
  readonly log: Log
  readonly onInsert?: IngesterParts['onInsert']
  /** A server that takes longer to be opened is waited for in the background; absent: it is waited for. */
  readonly waitMs?: number
}

/**
 * Opens the store and starts to ingest. A server that does not answer yet is tried again in the background: until then
 * every question to it fails as `store_unreachable`, and the journal waits.
 *
 * @throws StoreFault where the embedded store cannot be opened, or the store is another version's.
 */
export async function openUsageSide(config: Config, journalId: string, hooks: UsageSideHooks): Promise<UsageSide> {
  const { clickhouseUrl } = config.store
  const open = () =>
    clickhouseUrl === null ? openEmbedded(join(config.dataDir, 'clickhouse')) : openServer(clickhouseUrl)
  const begin = () => startUsageSide(open(), { config, journalId, hooks })
  if (clickhouseUrl === null) return await begin()
  const opening = begin()
  try {
    const side = await within(hooks.waitMs, opening)
    if (side !== null) return side
    hooks.log.warn('the ClickHouse server has not answered yet; calls are served and kept, and it is waited for')
    return new LateUsageSide({ config, log: hooks.log, begin, opening })
  } catch (error) {
    if (!(error instanceof StoreFault) || error.code !== 'store_unreachable') throw error
    return new LateUsageSide({ config, log: hooks.log, begin, opening })
  }
}

/** Null where it takes longer. */
async function within<Answer>(waitMs: number | undefined, answer: Promise<Answer>): Promise<Answer | null> {
  if (waitMs === undefined) return await answer
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = systemTimers.after(waitMs, () => resolve(null))
  return await Promise.race([answer, late]).finally(() => timer.cancel())
}

async function startUsageSide(
  database: UsageDatabase,
  { config, journalId, hooks }: { config: Config; journalId: string; hooks: UsageSideHooks },
): Promise<UsageSide> {
  const { log, onInsert } = hooks
  try {
    const store = await openUsageStore(database, { recordsDays: config.retention.recordsDays, clock: systemClock })
    const directory = join(config.dataDir, 'journal')
    const ingester = await Ingester.open({
      database,
      storeId: store.storeId,
      journalId,
      openSource: journalOf(config),
      directory: ingestDirectory(config),
      clock: systemClock,
      timers: systemTimers,
      log,
      onSaved: retirement(directory, config.retention.journalDays * dayMs, log),
      ...(onInsert === undefined ? {} : { onInsert }),
    })
    const lag = lagMeter(config, () => ingester.state())
    ingester.start()
    return {
      store,
      ingest: {
        caughtUp: (agoMs) => ingester.caughtUp(agoMs),
        state: () => ingester.state(),
        lag: () => lag.read(),
      },
      storeUp: async () => !ingester.state().storeFault && (await database.answers(answerWithinMs)),
      async close() {
        await Promise.all([ingester.stop(), lag.close()])
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

function journalOf({ dataDir }: Config): OpenSource {
  return (position) => openFollower({ dir: join(dataDir, 'journal'), position })
}

function ingestDirectory({ dataDir }: Config): string {
  return join(dataDir, 'ingest')
}

function lagMeter(config: Config, progress: LagParts['progress']): LagMeter {
  return new LagMeter({ openSource: journalOf(config), clock: systemClock, timers: systemTimers, progress })
}

/** Segments that are in the store are compressed, and deleted when retention says so: whenever one is left behind. */
function retirement(dir: string, keepMs: number, log: Log): (position: JournalPosition) => void {
  let lastSegment = ''
  let lastMs = 0
  let running = false
  return (position) => {
    const nowMs = systemClock.monotonicMs()
    if (running || (position.segment === lastSegment && nowMs - lastMs < dayMs / 24)) return
    running = true
    lastSegment = position.segment
    lastMs = nowMs
    retireSegments({ dir, ingested: position, keepMs, nowMs: systemClock.wallMs() })
      .catch((error: unknown) => log.error({ err: error }, 'segments of the journal could not be retired'))
      .finally(() => {
        running = false
      })
  }
}

const nothingDone = { position: null, settled: 0, rows: 0, quarantined: 0, rejected: 0, repaired: 0, storeFault: true }

interface LateStart {
  readonly config: Config
  readonly log: Log
  readonly begin: () => Promise<UsageSide>
  /** The first try, under way or failed. */
  readonly opening: Promise<UsageSide>
}

/** Stands in for the usage side until its server answers. */
class LateUsageSide implements UsageSide {
  readonly #begin: () => Promise<UsageSide>
  readonly #log: Log
  readonly #lag: LagMeter
  /** Why it cannot be used, as far as is known. */
  #why = 'the ClickHouse server cannot be used: it has not answered yet'
  #side: UsageSide | null = null
  #timer: { cancel(): void } | null = null
  #opening: Promise<void>
  #closed = false

  constructor({ config, log, begin, opening }: LateStart) {
    this.#begin = begin
    this.#log = log
    // What an earlier run has brought in, as far as is known while the store cannot be asked.
    const checkpoint = readCheckpoint(checkpointPath(ingestDirectory(config)))
    this.#lag = lagMeter(config, () => ({ position: checkpoint?.position ?? null, settled: 0 }))
    this.#opening = this.#try(opening, firstRetryMs)
  }

  readonly store: UsageStore = {
    sums: async (question) => await this.#opened().store.sums(question),
    records: async (question) => await this.#opened().store.records(question),
    booked: async (question) => await this.#opened().store.booked(question),
  }

  readonly ingest: UsageSide['ingest'] = {
    caughtUp: async (agoMs) => await this.#opened().ingest.caughtUp(agoMs),
    state: () => this.#side?.ingest.state() ?? { ...nothingDone, fault: this.#why },
    lag: () => (this.#side === null ? this.#lag.read() : this.#side.ingest.lag()),
  }

  async storeUp(): Promise<boolean> {
    return (await this.#side?.storeUp()) ?? false
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    // A server that hangs is not waited for to its end: what it was asked for changes nothing.
    await within(closeWithinMs, this.#opening)
    await Promise.all([this.#lag.close(), this.#side?.close()])
  }

  #opened(): UsageSide {
    if (this.#side === null) throw new StoreFault('store_unreachable', this.#why)
    return this.#side
  }

  async #try(opening: Promise<UsageSide>, retryMs: number): Promise<void> {
    try {
      const side = await opening
      if (this.#closed) return await side.close()
      this.#side = side
      await this.#lag.close()
      this.#log.info('the ClickHouse server answers now')
    } catch (error) {
      this.#tell(error)
      if (this.#closed) return
      this.#timer = systemTimers.after(retryMs, () => {
        this.#opening = this.#try(this.#begin(), Math.min(longestRetryMs, retryMs * 2))
      })
    }
  }

  /** Once for each reason: a server that is down for a day fills no log. */
  #tell(error: unknown): void {
    const why = `the ClickHouse server cannot be used: ${error instanceof Error ? error.message : String(error)}`
    if (why === this.#why) return
    this.#why = why
    this.#log.warn({ err: error }, `${why}; calls are served and kept, and it is tried again`)
  }
}
