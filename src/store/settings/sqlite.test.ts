import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openSqlite } from './sqlite.ts'

test('a fault after which SQLite has rolled back by itself is told as it is, and the next transaction works', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tg-sqlite-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { database, connection } = openSqlite(join(folder, 'settings.db'))
  t.after(() => database.destroy())
  connection.exec('CREATE TABLE things (name TEXT PRIMARY KEY) STRICT')
  const insert = (...names: string[]) =>
    database.transaction().execute(async (transaction) => {
      // What a full disk does to a transaction, of a fault that can be had anywhere.
      for (const name of names) await sql`INSERT OR ROLLBACK INTO things VALUES (${name})`.execute(transaction)
    })
  await assert.rejects(insert('one', 'two', 'one'), /UNIQUE constraint failed: things\.name/)
  await insert('three')
  const kept = await sql<{ name: string }>`SELECT name FROM things`.execute(database)
  assert.deepEqual(
    kept.rows.map(({ name }) => name),
    ['three'],
  )
})
