import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { migrate, settingsMigrations } from '#store/settings/migrate.ts'
import { openSettings } from '#store/settings/open.ts'
import { neverWait, openSqlite } from '#store/settings/sqlite.ts'
import { until } from '#test/support/until.ts'
import { newKey, opened, settableClock, settingsPath } from './place.ts'

const clock = settableClock(1_000)

/** A file of the version that knew so many migrations, with a secret that somebody goes on using. */
async function oldSettings(path: string, known: number): Promise<void> {
  const { database, connection } = openSqlite(path)
  await migrate(database, 1, settingsMigrations().slice(0, known))
  connection.exec("INSERT INTO admin_tokens (sha256, created_at_ms) VALUES ('an old digest', 1)")
  connection.close()
}

function applied(path: string): { readonly tables: readonly unknown[]; readonly numbers: readonly unknown[] } {
  const { connection } = openSqlite(path)
  const tables = connection.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
  const numbers = connection.prepare('SELECT number FROM schema_migrations ORDER BY number').all()
  connection.close()
  return { tables: tables.map((row) => ({ ...row })), numbers: numbers.map((row) => row['number']) }
}

test('a migration that fails half way leaves the old file as it was, says which, and is made up for later', async (t) => {
  const path = settingsPath(t)
  await oldSettings(path, 2)
  const { connection } = openSqlite(path)
  // In the way of the fourth; the third succeeds before it.
  connection.exec('CREATE TABLE api_tokens (mine TEXT)')
  connection.close()
  const before = applied(path)
  await assert.rejects(openSettings({ path, clock }), (fault: Error & { code?: string }) => {
    assert.equal(fault.code, 'settings_unreadable')
    assert.match(fault.message, /0004-tokens.*api_tokens already exists.*as (it was|they were)/)
    return true
  })
  assert.deepEqual(applied(path), before)
  const again = openSqlite(path)
  again.connection.exec('DROP TABLE api_tokens')
  again.connection.close()
  const settings = await opened(t, path)
  assert.deepEqual([...(await settings.adminTokenDigests())], ['an old digest'])
  await settings.createKey(newKey('team'))
  assert.deepEqual(
    applied(path).numbers,
    settingsMigrations().map(({ number }) => number),
  )
})

/** Applies the migrations, the last of which does not end. */
const neverEnding = `
  import { migrate, settingsMigrations } from '#store/settings/migrate.ts'
  import { openSqlite } from '#store/settings/sqlite.ts'
  const endless = 'CREATE TABLE half AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n'
  const last = { number: 1000, name: '1000-endless', digest: 'e', sql: endless }
  process.stdout.write('begun')
  await migrate(openSqlite(process.argv[1]).database, 2, [...settingsMigrations(), last])
`

test('a death in the middle of a migration leaves the old file as it was', async (t) => {
  const path = settingsPath(t)
  await oldSettings(path, 1)
  const before = applied(path)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', neverEnding, path], {
    cwd: new URL('../../', import.meta.url).pathname,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const other = openSqlite(path)
  neverWait(other.connection)
  await until('the migration to be under way', () => {
    try {
      other.connection.exec('BEGIN IMMEDIATE; ROLLBACK')
      return null
    } catch {
      return true
    }
  })
  other.connection.close()
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.deepEqual(applied(path), before)
  const settings = await opened(t, path)
  assert.deepEqual([...(await settings.adminTokenDigests())], ['an old digest'])
})
