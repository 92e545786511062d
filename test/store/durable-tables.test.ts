import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#edge/system.ts'
import { openEmbedded } from '#store/usage/client.ts'
import { migrate, usageMigrations } from '#store/usage/migrate.ts'
import { openUsageStore } from '#store/usage/store.ts'

const wanted = ['fsync_after_insert = 1', 'fsync_part_directory = 1', 'min_rows_to_fsync_after_merge = 1']

test('a store of an older version is made to survive a failure of the machine, its lost id included', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-durable-'))
  const database = openEmbedded(join(directory, 'clickhouse'))
  t.after(async () => {
    await database.close()
    rmSync(directory, { recursive: true, force: true })
  })
  await migrate(database, usageMigrations().slice(0, 3))
  await database.command('TRUNCATE TABLE tollgate.store_facts')

  const open = async () => (await openUsageStore(database, { recordsDays: 90, clock: systemClock })).storeId
  const storeId = await open()
  assert.match(storeId, /^[0-9a-f-]{36}$/)
  assert.equal(await open(), storeId)
  const tables = await database.select<{ name: string; sql: string }>(
    "SELECT name, create_table_query AS sql FROM system.tables WHERE database = 'tollgate' AND engine LIKE '%MergeTree'",
  )
  assert.deepEqual(tables.map(({ name }) => name).sort(), ['schema_migrations', 'store_facts', 'usage', 'usage_hourly'])
  for (const { name, sql } of tables)
    for (const setting of wanted) assert.ok(sql.includes(setting), `${name}: ${setting}`)
})
