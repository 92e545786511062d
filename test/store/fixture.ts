import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Clock, Timers } from '#ports.ts'
import { Ingester, type IngestLog } from '#store/ingest/ingester.ts'
import type { OpenSource } from '#store/ingest/source.ts'
import { openEmbedded, type UsageDatabase } from '#store/usage/client.ts'
import { type OpenUsageStore, openUsageStore } from '#store/usage/store.ts'

export const quietLog: IngestLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

const systemTime: Clock & Timers = { ...systemClock, ...systemTimers }

export interface StoreFixture {
  readonly directory: string
  readonly database: UsageDatabase
  readonly store: OpenUsageStore
  /** `name` names the journal and the folder of its checkpoint, `through` stands before the store, `time` is not the real one. */
  ingester(openSource: OpenSource, name?: string, through?: UsageDatabase, time?: Clock & Timers): Promise<Ingester>
  close(): Promise<void>
}

/** An embedded store in a new directory. One at a time in a process: the engine binds one directory. */
export async function storeFixture(recordsDays = 90): Promise<StoreFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-store-'))
  const database = openEmbedded(join(directory, 'clickhouse'))
  const store = await openUsageStore(database, { recordsDays, clock: systemClock })
  return {
    directory,
    database,
    store,
    ingester: (openSource, name = 'ingest', through = database, time = systemTime) =>
      Ingester.open({
        database: through,
        storeId: store.storeId,
        journalId: name,
        openSource,
        directory: join(directory, name),
        clock: time,
        timers: time,
        log: quietLog,
      }),
    async close() {
      await database.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
