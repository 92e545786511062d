import { sql } from 'kysely'
import { type Migration, readMigrations, statementsOf } from '../migration-files.ts'
import { SettingsFault } from './fault.ts'
import type { SettingsDatabase } from './schema.ts'
import { reason } from './sqlite.ts'

export function settingsMigrations(): readonly Migration[] {
  return readMigrations(new URL('./migrations/', import.meta.url))
}

/**
 * Brings the schema up to date in one transaction, so that two processes starting at once apply each migration once
 * and a fault leaves the schema as it was.
 *
 * @throws SettingsFault `settings_newer`, `settings_altered`; `settings_unreadable` where one fails
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
    for (const migration of migrations) if (!done.has(migration.number)) await apply(transaction, migration, nowMs)
  })
}

async function apply(transaction: SettingsDatabase, migration: Migration, nowMs: number): Promise<void> {
  const { number, name, digest } = migration
  try {
    for (const statement of statementsOf(migration)) await sql.raw(statement).execute(transaction)
    await transaction.insertInto('schema_migrations').values({ number, name, digest, applied_at_ms: nowMs }).execute()
  } catch (cause) {
    const unchanged = 'the settings are as they were, and the version that wrote them can go on with them'
    const message = `migration ${name} of the settings fails: ${reason(cause)}; ${unchanged}`
    throw new SettingsFault('settings_unreadable', message, { cause })
  }
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
