import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemTimers } from '#edge/system.ts'
import type { Clock, Timers } from '#ports.ts'
import { Ingester, type IngestLog } from '#store/ingest/ingester.ts'
import type { OpenSource } from '#store/ingest/source.ts'
import { openEmbedded, openServer, type UsageDatabase } from '#store/usage/client.ts'
import { type OpenUsageStore, openUsageStore } from '#store/usage/store.ts'
import { ClickHouse } from '#test/support/clickhouse.ts'

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

/** Null: the engine is embedded. Otherwise what follows the address of the server. */
let server: { readonly database: string; readonly query: string } | null = null

/** From here on in this process stores are on a server, by its URL. For files of tests that both kinds must pass. */
export function overServer(database: string, query: string): void {
  server = { database, query }
}

export function isOverServer(): boolean {
  return server !== null
}

export interface EngineUnderTest {
  /** Empty where it is embedded. */
  readonly url: string
  open(): UsageDatabase
  /** A server dies and comes back; an embedded engine dies with its process. */
  crash(): Promise<void>
  stop(): Promise<void>
}

export async function engineUnderTest(directory: string): Promise<EngineUnderTest> {
  const nothing = async () => undefined
  if (server === null) return { url: '', open: () => openEmbedded(directory), crash: nothing, stop: nothing }
  const engine = new ClickHouse(directory)
  await engine.start()
  const url = engine.url(server)
  return {
    url,
    open: () => openServer(url),
    async crash() {
      await engine.kill()
      await engine.start()
    },
    stop: () => engine.stop(),
  }
}

/** A store in a new directory. One at a time in a process: the engine binds one directory. */
export async function storeFixture(recordsDays = 90): Promise<StoreFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-store-'))
  const engine = await engineUnderTest(join(directory, 'clickhouse'))
  const database = engine.open()
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
      await engine.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
