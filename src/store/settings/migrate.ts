import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { SettingsFault } from './fault.ts'
import type { SettingsDatabase } from './schema.ts'

interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, lower-case hex. */
  readonly digest: string
}

const migrationsDirectory = new URL('./migrations/', import.meta.url)

/** In the order in which they are applied. A merged file is never changed: a test pins the digests. */
export function settingsMigrations(): readonly Migration[] {
  return readdirSync(migrationsDirectory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, migrationsDirectory), 'utf8')
      const digest = createHash('sha256').update(text).digest('hex')
      return { number: Number.parseInt(file, 10), name: file.replace(/\.sql$/, ''), sql: text, digest }
    })
}

/**
 * Brings the schema up to date in one transaction, so that two processes starting at once apply each migration once
 * and a fault leaves the schema as it was.
 *
 * @throws SettingsFault `settings_newer`, `settings_altered`
 */
export async function migrate(
  database: SettingsDatabase,
  nowMs: number,
  migrations: readonly Migration[] = settingsMigrations(),
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`CREATE TABLE IF NOT EXISTS schema_migrations (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied_at_ms BIGINT NOT NULL
    )`.execute(transaction)
    const applied = await transaction.selectFrom('schema_migrations').selectAll().orderBy('number').execute()
    for (const row of applied) check(row, migrations)
    const done = new Set(applied.map((row) => Number(row.number)))
    for (const { number, name, digest, sql: text } of migrations) {
      if (done.has(number)) continue
      for (const statement of statements(text)) await sql.raw(statement).execute(transaction)
      await transaction.insertInto('schema_migrations').values({ number, name, digest, applied_at_ms: nowMs }).execute()
    }
  })
}

function check(row: { number: number; name: string; digest: string }, migrations: readonly Migration[]): void {
  const known = migrations.find(({ number }) => number === Number(row.number))
  if (known === undefined) {
    throw new SettingsFault(
      'settings_newer',
      `the settings were changed by a newer version of Tollgate (${row.name}); start that one, or restore the backup`,
    )
  }
  if (known.digest !== row.digest) {
    throw new SettingsFault('settings_altered', `migration ${row.name} of the settings is not the one that was applied`)
  }
}

function statements(text: string): string[] {
  return text
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
