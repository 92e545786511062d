import { sql } from 'kysely'
import { type Migration, readMigrations, statementsOf } from '../migration-files.ts'
import { SettingsFault } from './fault.ts'
import type { SettingsDatabase } from './schema.ts'

export function settingsMigrations(): readonly Migration[] {
  return readMigrations(new URL('./migrations/', import.meta.url))
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
    for (const migration of migrations) {
      const { number, name, digest } = migration
      if (done.has(number)) continue
      for (const statement of statementsOf(migration)) await sql.raw(statement).execute(transaction)
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
