import type { Config } from '#config/config.ts'
import type { WholeJournal } from '#core/ledger/questions.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Log } from '#lib/log.ts'
import type { UsageStore } from '#ports.ts'
import { dataPath } from '#store/data-paths.ts'
import { Ingester, type IngesterParts } from '#store/ingest/ingester.ts'
import { type IngestLag, LagMeter, type LagParts } from '#store/ingest/lag.ts'
import type { OpenSource } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { RetentionClock } from '#store/journal/retention-clock.ts'
import { Retirement } from '#store/journal/retirement.ts'
import type { UsageDatabase } from '#store/usage/client.ts'
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
/** A server that takes longer to answer the least of questions is as good as down. */
const answerWithinMs = 500

export interface UsageSideHooks {
  readonly log: Log
  readonly onInsert?: IngesterParts['onInsert']
}

interface UsageSideParts {
  readonly config: Config
  readonly journalId: string
  readonly hooks: UsageSideHooks
}

/** Starts to ingest into a store that was opened; it is closed with the rest, or where that fails. @throws StoreFault */
export async function startUsageSide(
  database: UsageDatabase,
  { config, journalId, hooks }: UsageSideParts,
): Promise<UsageSide> {
  const { log, onInsert } = hooks
  try {
    const store = await openUsageStore(database, { recordsDays: config.retention.recordsDays, clock: systemClock })
    const directory = dataPath(config.dataDir, 'journal')
    const clock = new RetentionClock(dataPath(config.dataDir, 'ingest'), systemClock)
    const retirement = new Retirement({
      dir: directory,
      keepMs: config.retention.journalDays * dayMs,
      nowMs: () => clock.nowMs(),
      timers: systemTimers,
      onFault: (error) => log.error({ err: error }, 'segments of the journal could not be retired'),
    })
    const ingester = await Ingester.open({
      database,
      storeId: store.storeId,
      journalId,
      openSource: journalOf(config),
      directory: dataPath(config.dataDir, 'ingest'),
      clock: systemClock,
      timers: systemTimers,
      log,
      onSaved: (position) => retirement.reached(position),
      ...(onInsert === undefined ? {} : { onInsert }),
    })
    const lag = lagMeter(config, () => ingester.state())
    ingester.start()
    const { position } = ingester.state()
    if (position !== null) retirement.reached(position)
    return {
      store: {
        ...store,
        booked: (question) => store.booked({ ...question, whole: wholeJournal(ingester) }),
      },
      ingest: {
        caughtUp: (agoMs) => ingester.caughtUp(agoMs),
        state: () => ingester.state(),
        lag: () => lag.read(),
      },
      storeUp: async () => !ingester.state().storeFault && (await database.answers(answerWithinMs)),
      async close() {
        await Promise.all([ingester.stop(), lag.close()])
        retirement.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Undefined before anything was brought in. */
function wholeJournal(ingester: Ingester): WholeJournal | undefined {
  const { position } = ingester.state()
  return position === null ? undefined : { journalId: ingester.journalId, block: position.blockNo }
}

function journalOf({ dataDir }: Config): OpenSource {
  return (position) => openFollower({ dir: dataPath(dataDir, 'journal'), position })
}

export function lagMeter(config: Config, progress: LagParts['progress']): LagMeter {
  return new LagMeter({ openSource: journalOf(config), clock: systemClock, timers: systemTimers, progress })
}
