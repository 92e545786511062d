import { type Migration, readMigrations, statementsOf } from '../migration-files.ts'
import { StoreFault, type UsageDatabase } from './client.ts'

const advice =
  'start the version that wrote it, or have it made anew from the journal, as docs/runbooks.md says (TollgateStoreDown)'

export function usageMigrations(): Migration[] {
  return readMigrations(new URL('./migrations/', import.meta.url))
}

/**
 * Brings the schema up to date. Every statement of a migration can be repeated, so that a death between applying and
 * recording one does no harm.
 *
 * @throws StoreFault where the store was written by a newer version, or a recorded migration differs from its file.
 */
export async function migrate(database: UsageDatabase, migrations = usageMigrations()): Promise<void> {
  await database.command('CREATE DATABASE IF NOT EXISTS tollgate')
  await database.command(
    `CREATE TABLE IF NOT EXISTS tollgate.schema_migrations
     (number UInt32, name String, digest String, applied_at DateTime DEFAULT now())
     ENGINE = MergeTree ORDER BY number
     SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1`,
  )
  const applied = await database.selectForWriter<{ number: number; name: string; digest: string }>(
    'SELECT number, name, digest FROM tollgate.schema_migrations ORDER BY number',
  )
  for (const row of applied) {
    const known = migrations.find((migration) => migration.number === row.number)
    if (known?.digest !== row.digest) {
      const why = known ? 'differs from the file of that name' : 'is not known to this version of Tollgate'
      throw new StoreFault('store_rejected', `migration ${row.name}, applied to the usage store, ${why}; ${advice}`)
    }
  }
  const done = new Set(applied.map((row) => row.number))
  for (const migration of migrations) if (!done.has(migration.number)) await apply(database, migration)
}

async function apply(database: UsageDatabase, migration: Migration): Promise<void> {
  for (const statement of statementsOf(migration)) await database.command(statement)
  await database.command(
    `INSERT INTO tollgate.schema_migrations (number, name, digest)
     SELECT {number:UInt32}, {name:String}, {digest:String}`,
    { number: migration.number, name: migration.name, digest: migration.digest },
  )
}
