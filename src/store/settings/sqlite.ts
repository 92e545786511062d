import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import { errorText } from '#lib/error-text.ts'
import { SettingsFault } from './fault.ts'
import type { SettingsTables } from './schema.ts'

/** How long a statement waits for another process to finish its transaction. */
const busyTimeoutMs = 5000

const ownerOnly = 0o600

interface SqliteOptions {
  /** False: a transaction survives the death of the process, but may be lost with the power. */
  readonly survivesPowerFailure?: boolean
}

export interface SqliteSettings {
  readonly database: Kysely<SettingsTables>
  /** The connection below, for what is SQLite's own. */
  readonly connection: DatabaseSync
}

/**
 * Opens the file, or makes it readable by its owner only. SQLite gives its -wal and -shm files the same rights.
 *
 * @throws SettingsFault `settings_unreadable`
 */
export function openSqlite(path: string, options: SqliteOptions = {}): SqliteSettings {
  try {
    closeSync(openSync(path, 'a', ownerOnly))
    chmodSync(path, ownerOnly)
    const connection = connect(path, options)
    const dialect = new SqliteDialect({ database: likeBetterSqlite3(connection) })
    return { database: new Kysely<SettingsTables>({ dialect }), connection }
  } catch (cause) {
    throw new SettingsFault('settings_unreadable', `the settings in ${path} cannot be opened: ${reason(cause)}`, {
      cause,
    })
  }
}

/** What another process keeps locked is refused at once, instead of being waited for on this thread. */
export function neverWait(connection: DatabaseSync): void {
  connection.exec('PRAGMA busy_timeout = 0')
}

function connect(path: string, { survivesPowerFailure = true }: SqliteOptions): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    // Readers (the gateway's poll) then never wait for a writer (the command line). Full sync stays on: a key that was
    // shown is not lost with the power.
    connection.exec('PRAGMA journal_mode = WAL')
    if (!survivesPowerFailure) connection.exec('PRAGMA synchronous = NORMAL')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Of a file that is damaged, with what to do. https://sqlite.org/rescode.html */
export function reason(cause: unknown): string {
  const said = errorText(cause)
  const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0
  return code === sqliteCorrupt || code === sqliteNotADatabase ? `${said}; ${forDamaged}` : said
}

const sqliteCorrupt = 11
const sqliteNotADatabase = 26
const forDamaged =
  'restore it from a backup, or move it away with its -wal and -shm: keys and tokens that are not in the configuration have ' +
  'to be made anew then'

/** Kysely's dialect speaks to better-sqlite3; `node:sqlite` differs in how parameters are passed and readers told. */
function likeBetterSqlite3(connection: DatabaseSync): SqliteDatabase {
  return {
    close: () => connection.close(),
    prepare(sql) {
      // After some faults, such as a full disk, SQLite has undone everything by itself. That there is nothing to undo
      // would then be thrown in place of the fault.
      if (sql === 'rollback' && !connection.isTransaction) return nothingToDo
      // A deferred transaction that reads before it writes fails, without waiting, when another process wrote in
      // between. All our transactions write, so they queue up at their start instead.
      const statement = connection.prepare(sql === 'begin' ? 'begin immediate' : sql)
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...bound(parameters)),
        run: (parameters) => statement.run(...bound(parameters)),
        iterate: (parameters): ReturnType<StatementSync['iterate']> => statement.iterate(...bound(parameters)),
      }
    },
  }
}

const nothingToDo: ReturnType<SqliteDatabase['prepare']> = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

function bound(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return value
    throw new TypeError(`SQLite cannot store a ${typeof value}`)
  })
}
