import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrate, settingsMigrations } from '#store/settings/migrate.ts'
import { openSqlite } from '#store/settings/sqlite.ts'
import { settingsPath } from './place.ts'

/** What has been merged is never edited: whoever has applied it would be left with another schema. Add a new file. */
const pinned: Readonly<Record<string, string>> = {
  '0001-settings': '5c10ddf7e4ffbb137aa776c0be856d00c4164744b06bc1173c46ab07517a71c3',
  '0002-external-events': 'c69dc26f9c13942c0eb57e3ed18aa5a175ecf9c9ea9f12ea5b7d7564f29ff133',
  '0003-alerts': '9667606001baf4cdd9bd0177a7e0a270e84d66266392ef72b256e4015ef5a272',
  '0004-tokens': 'cfbc967d0fb02e3841f25ee1c93ae62fe08382718466739d402e50f181768152',
  '0005-who-may-bill': 'ce360695fdca676e9de3609a5a6a8347e4383bcfb3edbeb186f4c8b0f57f5edf',
  '0006-firing-alerts': '1d6011c66a75e10ac6d990fe43c866b3640fecbdee3e93be642019cc136bfc30',
}

test('merged migrations are as they were', () => {
  assert.deepEqual(Object.fromEntries(settingsMigrations().map(({ name, digest }) => [name, digest])), pinned)
})

test('migrations are numbered from 1 without a gap', () => {
  assert.deepEqual(
    settingsMigrations().map(({ number }) => number),
    settingsMigrations().map((_, index) => index + 1),
  )
})

const first = {
  number: 1,
  name: '0001-a',
  digest: 'a',
  sql: 'CREATE TABLE a (x TEXT);\n-- more\nCREATE TABLE b (x TEXT);\n',
}
const second = { number: 2, name: '0002-c', digest: 'c', sql: 'ALTER TABLE a ADD COLUMN y TEXT' }

test('each migration is applied once, a later one on top', async (t) => {
  const { database, connection } = openSqlite(settingsPath(t))
  t.after(() => connection.close())
  await migrate(database, 1, [first])
  await migrate(database, 2, [first, second])
  await migrate(database, 3, [first, second])
  assert.deepEqual(
    connection
      .prepare('SELECT number, applied_at_ms FROM schema_migrations')
      .all()
      .map((row) => ({ ...row })),
    [
      { number: 1, applied_at_ms: 1 },
      { number: 2, applied_at_ms: 2 },
    ],
  )
  connection.exec("INSERT INTO a (x, y) VALUES ('1', '2')")
})

test('a migration that fails leaves nothing behind', async (t) => {
  const { database, connection } = openSqlite(settingsPath(t))
  t.after(() => connection.close())
  const broken = {
    number: 2,
    name: '0002-broken',
    digest: 'b',
    sql: 'CREATE TABLE c (x TEXT);\nCREATE TABLE a (x TEXT);\n',
  }
  await assert.rejects(migrate(database, 1, [first, broken]))
  assert.deepEqual(connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all(), [])
})

test('settings of a newer version, or of another history, are refused', async (t) => {
  const { database, connection } = openSqlite(settingsPath(t))
  t.after(() => connection.close())
  await migrate(database, 1, [first, second])
  await assert.rejects(migrate(database, 1, [first]), { code: 'settings_newer' })
  await assert.rejects(migrate(database, 1, [first, { ...second, digest: 'other' }]), { code: 'settings_altered' })
})
