import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { Session } from 'chdb'
import { createChdbConnection } from 'chdb/connection'
import { errorText } from '#lib/error-text.ts'
import { realDisk } from '#store/journal/disk.ts'
import { makePrivateDirectory } from '../make-directory.ts'
import { setAsideHalfMade } from './half-made.ts'

type QueryParameters = Readonly<Record<string, string | number | boolean | readonly string[]>>

/**
 * The engine, embedded or on a server: the same SQL either way. Statements of the writer and of readers run side by
 * side; those of one connection run one after the other.
 */
export interface UsageDatabase {
  /** Whether a statement can still be running after its caller has died. */
  readonly remote: boolean
  /** Whether statements are answered now, within so many milliseconds. The embedded engine lives with its process. */
  answers(withinMs: number): Promise<boolean>
  select<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>
  command(sql: string, parameters?: QueryParameters): Promise<void>
  /** Inserts one block in the Native format, given in pieces. @throws StoreFault */
  insert(into: InsertTarget, block: readonly Uint8Array[], queryId: string): Promise<void>
  /**
   * Makes what was inserted outlast a failure of the machine, as far as its tables do not by themselves.
   *
   * @throws StoreFault
   */
  sync(): Promise<void>
  /** Reads on the writer's connection, hence after everything written before. */
  selectForWriter<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>
  close(): Promise<void>
}

export interface InsertTarget {
  /** With its columns. */
  readonly table: string
  readonly settings: string
}

/**
 * store_unreachable: try again, the engine cannot be reached or has no room just now.
 * store_rejected: the statement or its data are at fault; trying again gives the same.
 */
export class StoreFault extends Error {
  readonly code: 'store_unreachable' | 'store_rejected'

  constructor(code: StoreFault['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreFault'
    this.code = code
  }
}

/**
 * Exact amounts and 64-bit counts come as text, slashes as they are: names of tags with an escape could be misread (see
 * lib/json-names.ts). A report has bounded memory and spills beyond it.
 */
const readSettings =
  'output_format_json_quote_decimals = 1, output_format_json_quote_64bit_integers = 1, ' +
  'output_format_json_escape_forward_slashes = 0, max_memory_usage = 800000000, ' +
  'max_bytes_before_external_group_by = 300000000, max_bytes_before_external_sort = 300000000, max_threads = 2'

const readerCount = 2

/** @throws StoreFault where the directory cannot be opened. */
export function openEmbedded(directory: string): UsageDatabase {
  // The engine makes files that everybody may read.
  try {
    makePrivateDirectory(directory)
    // Of a directory that it may not enter the engine does not say why.
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    setAsideHalfMade(directory)
    // The first session decides the engine's arguments; the connections beside it share the engine.
    const session = new Session(directory, { connectionArgs: [`--config-file=${writeEngineConfig(directory)}`] })
    const connect = () => createClient(embeddedOptions(directory))
    const writer = connect()
    // What a death left behind.
    rmSync(intakeDirectory(directory), { recursive: true, force: true })
    const database = overClients(writer, Array.from({ length: readerCount }, connect), false)
    let folders: readonly string[] = []
    return {
      ...database,
      answers: async () => true,
      insert: (into, block, queryId) =>
        settled(() => insertFromFile(writer, intakeDirectory(directory), { into, block, queryId })),
      async sync() {
        if (folders.length === 0) folders = await foldersOfTables(database)
        await settled(async () => folders.forEach(realDisk.syncDirectory))
      },
      async close() {
        await database.close()
        session.close()
      },
    }
  } catch (error) {
    throw cannotOpen(directory, errorText(error), error)
  }
}

export function cannotOpen(directory: string, reason: string, cause?: unknown): StoreFault {
  const advice =
    'see that its files belong to this user, that its disk takes more, and that no other process has it; where it is ' +
    'damaged, that folder and ingest/ beside it may be moved away: it is made anew from the journal, as far back as that goes'
  const message = `the usage store in ${directory} cannot be opened: ${reason}; ${advice}`
  return new StoreFault('store_unreachable', message, { cause })
}

/** The two packages ship the same interface twice, each with its own private members, so the types cannot meet. */
function embeddedOptions(path: string): NonNullable<Parameters<typeof createClient>[0]> {
  const options: unknown = { connection: createChdbConnection({ path }) }
  return options as NonNullable<Parameters<typeof createClient>[0]>
}

interface Insert {
  readonly into: InsertTarget
  readonly block: readonly Uint8Array[]
  readonly queryId: string
}

/**
 * A statement of the embedded engine is text, which cannot carry a block: so the block goes by way of a file. It is in
 * the page cache only, hence a copy in memory that nobody waits for.
 */
async function insertFromFile(
  writer: ClickHouseClient,
  directory: string,
  { into, block, queryId }: Insert,
): Promise<void> {
  const path = `${directory}/${crypto.randomUUID()}.native`
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, Buffer.concat(block), { mode: 0o600 })
    const query = `INSERT INTO ${into.table} FROM INFILE ${quoted(path)} SETTINGS ${into.settings} FORMAT Native`
    await writer.command({ query, query_id: queryId })
  } finally {
    rmSync(path, { force: true })
  }
}

/**
 * The tables are set to make parts durable before they get their last name, and a part's folder after it. That the name
 * itself is durable is up to the table's folder, which this version of the engine (26.7) leaves out.
 */
async function foldersOfTables(database: UsageDatabase): Promise<string[]> {
  const tables = await database.selectForWriter<{ path: string }>(
    `SELECT arrayJoin(data_paths) AS path FROM system.tables
     WHERE database = 'tollgate' AND name IN ('usage', 'usage_hourly')`,
  )
  return tables.map(({ path }) => path)
}

function intakeDirectory(directory: string): string {
  return resolve(`${directory}.intake`)
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

/**
 * The database that every statement of this room names. Only text of ours is a statement (values are bound), so that
 * the word has no other meaning in it.
 */
const ownDatabase = /\btollgate(?=\.|$)/g

/**
 * A server at `http[s]://user:password@host:port/database`; without a database it is `tollgate`.
 *
 * @throws StoreFault where the address cannot be used
 */
export function openServer(address: string): UsageDatabase {
  try {
    const url = new URL(address)
    const name = url.pathname.slice(1) || 'tollgate'
    // Not the connection's: until it is made, every statement on it would fail, the one that makes it included.
    url.pathname = ''
    // What goes wrong is thrown as well, and our log alone leaves credentials out.
    const log = { level: ClickHouseLogLevel.OFF }
    const connect = () => createClient({ url, request_timeout: 60_000, application: 'tollgate', log })
    const database = overClients(connect(), [connect()], true)
    return name === 'tollgate' ? database : renamed(database, name)
  } catch (error) {
    throw new StoreFault('store_rejected', `store.clickhouse_url cannot be used: ${errorText(error)}`, { cause: error })
  }
}

function renamed(database: UsageDatabase, name: string): UsageDatabase {
  const within = (sql: string) => sql.replaceAll(ownDatabase, name)
  return {
    ...database,
    select: (sql, parameters) => database.select(within(sql), parameters),
    selectForWriter: (sql, parameters) => database.selectForWriter(within(sql), parameters),
    command: (sql, parameters) => database.command(within(sql), parameters),
    insert: (into, block, queryId) => database.insert({ ...into, table: within(into.table) }, block, queryId),
  }
}

function overClients(writer: ClickHouseClient, readers: readonly ClickHouseClient[], remote: boolean): UsageDatabase {
  let turn = 0
  const nextReader = (): ClickHouseClient => {
    turn = (turn + 1) % readers.length
    return readers[turn] ?? writer
  }
  return {
    remote,
    async answers(withinMs) {
      const { success } = await nextReader().ping({ select: true, abort_signal: AbortSignal.timeout(withinMs) })
      return success
    },
    select: (sql, parameters) => select(nextReader(), sql, parameters),
    selectForWriter: (sql, parameters) => select(writer, sql, parameters),
    command: (sql, parameters) =>
      settled(async () => {
        await writer.command({ query: sql, ...(parameters ? { query_params: { ...parameters } } : {}) })
      }),
    insert: (into, block, queryId) =>
      settled(async () => {
        const query = `INSERT INTO ${into.table} SETTINGS ${into.settings} FORMAT Native`
        const values = Readable.from(block, { objectMode: false })
        const { stream } = await writer.exec({ query, values, query_id: queryId })
        await text(stream)
      }),
    sync: async () => undefined,
    async close() {
      await Promise.all([writer, ...readers].map((client) => client.close()))
    },
  }
}

function select<Row>(client: ClickHouseClient, sql: string, parameters?: QueryParameters): Promise<Row[]> {
  return settled(async () => {
    const result = await client.query({
      query: `${sql}\nSETTINGS ${readSettings}`,
      format: 'JSONEachRow',
      ...(parameters ? { query_params: { ...parameters } } : {}),
    })
    return await result.json<Row>()
  })
}

/** Errors of ClickHouse that say nothing about the statement: timeouts, network, memory, disk, shutting down. */
const passingErrors = new Set([
  'TIMEOUT_EXCEEDED',
  'SOCKET_TIMEOUT',
  'NETWORK_ERROR',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'MEMORY_LIMIT_EXCEEDED',
  'CANNOT_ALLOCATE_MEMORY',
  'NOT_ENOUGH_SPACE',
  'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
  'CANNOT_OPEN_FILE',
  'TOO_MANY_PARTS',
  'TABLE_IS_READ_ONLY',
  'ABORTED',
  'QUERY_WAS_CANCELLED',
  'AUTHENTICATION_FAILED',
])

async function settled<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    const type = errorType(error)
    const rejected = type !== null && !passingErrors.has(type)
    throw new StoreFault(rejected ? 'store_rejected' : 'store_unreachable', errorText(error), { cause: error })
  }
}

/** The engine's name for the error, or null where it is not the engine's. By shape: its class exists in two packages. */
function errorType(error: unknown): string | null {
  const named = error instanceof Error && error.constructor.name === 'ClickHouseError' && 'type' in error
  return named && typeof error.type === 'string' ? error.type : null
}

/** A server's defaults (16 merge threads, 512 timers, 5 GB of caches) are not for a process beside a gateway. */
function writeEngineConfig(directory: string): string {
  const path = `${directory}.engine.xml`
  const memoryBytes = Math.min(1_500_000_000, Math.round(totalmem() / 2))
  const settings = {
    max_server_memory_usage: memoryBytes,
    mark_cache_size: 67_108_864,
    uncompressed_cache_size: 0,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 2,
    background_schedule_pool_size: 8,
    background_common_pool_size: 2,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    background_message_broker_schedule_pool_size: 1,
    background_distributed_schedule_pool_size: 1,
    tables_loader_background_pool_size: 1,
  }
  const lines = Object.entries(settings).map(([name, value]) => `  <${name}>${value}</${name}>`)
  writeFileSync(path, `<clickhouse>\n${lines.join('\n')}\n</clickhouse>\n`, { mode: 0o600 })
  return path
}
