import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'
import type { UsageStore } from '#ports.ts'
import { Ingester } from '#store/ingest/ingester.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { retireSegments } from '#store/journal/retire.ts'
import { openEmbedded, openServer, StoreFault, type UsageDatabase } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'

/** The usage store with the ingester that feeds it from the journal of a data directory. */
export interface UsageSide {
  readonly store: UsageStore
  readonly ingest: Pick<Ingester, 'caughtUp' | 'state'>
  close(): Promise<void>
}

const dayMs = 86_400_000
const firstRetryMs = 500
const longestRetryMs = 10_000

/**
 * Opens the store and starts to ingest. A server that does not answer yet is tried again in the background: until then
 * every question to it fails as `store_unreachable`, and the journal waits.
 *
 * @throws StoreFault where the embedded store cannot be opened, or the store is another version's.
 */
export async function openUsageSide(config: Config, journalId: string, log: Log): Promise<UsageSide> {
  const { clickhouseUrl } = config.store
  const open = () =>
    clickhouseUrl === null ? openEmbedded(join(config.dataDir, 'clickhouse')) : openServer(clickhouseUrl)
  try {
    return await startUsageSide(open(), { config, journalId, log })
  } catch (error) {
    const mayCome = error instanceof StoreFault && error.code === 'store_unreachable' && clickhouseUrl !== null
    if (!mayCome) throw error
    return new LateUsageSide(() => startUsageSide(open(), { config, journalId, log }), log, error)
  }
}

async function startUsageSide(
  database: UsageDatabase,
  { config, journalId, log }: { config: Config; journalId: string; log: Log },
): Promise<UsageSide> {
  try {
    const store = await openUsageStore(database, { recordsDays: config.retention.recordsDays, clock: systemClock })
    const directory = join(config.dataDir, 'journal')
    const ingester = await Ingester.open({
      database,
      storeId: store.storeId,
      journalId,
      openSource: (position) => openFollower({ dir: directory, position }),
      directory: join(config.dataDir, 'ingest'),
      clock: systemClock,
      timers: systemTimers,
      log,
      onSaved: retirement(directory, config.retention.journalDays * dayMs, log),
    })
    ingester.start()
    return {
      store,
      ingest: ingester,
      async close() {
        await ingester.stop()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
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

/** Stands in for the usage side until its server answers. */
class LateUsageSide implements UsageSide {
  readonly #open: () => Promise<UsageSide>
  readonly #log: Log
  /** Why it cannot be used, as far as is known. */
  #why = ''
  #side: UsageSide | null = null
  #timer: { cancel(): void }
  #opening: Promise<void> = Promise.resolve()
  #closed = false

  constructor(open: () => Promise<UsageSide>, log: Log, error: unknown) {
    this.#open = open
    this.#log = log
    this.#tell(error)
    this.#timer = this.#tryIn(firstRetryMs)
  }

  readonly store: UsageStore = {
    sums: async (question) => await this.#opened().store.sums(question),
    records: async (question) => await this.#opened().store.records(question),
  }

  readonly ingest: UsageSide['ingest'] = {
    caughtUp: async () => await this.#opened().ingest.caughtUp(),
    state: () =>
      this.#side?.ingest.state() ?? { position: null, rows: 0, quarantined: 0, repaired: 0, fault: this.#why },
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer.cancel()
    await this.#opening
    await this.#side?.close()
  }

  #opened(): UsageSide {
    if (this.#side === null) throw new StoreFault('store_unreachable', this.#why)
    return this.#side
  }

  #tryIn(delayMs: number): { cancel(): void } {
    return systemTimers.after(delayMs, () => {
      this.#opening = this.#try(delayMs)
    })
  }

  async #try(delayMs: number): Promise<void> {
    try {
      this.#side = await this.#open()
      this.#log.info('the ClickHouse server answers now')
    } catch (error) {
      this.#tell(error)
      if (!this.#closed) this.#timer = this.#tryIn(Math.min(longestRetryMs, delayMs * 2))
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
