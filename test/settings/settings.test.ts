import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { emptyPayer, overridableFields } from '#core/attribution/payer.ts'
import { sha256Hex } from '#lib/secret.ts'
import type { CreatedKey, Settings } from '#ports.ts'
import { SettingsFault } from '#store/settings/fault.ts'
import { ensureFirstSecrets, firstKeyName } from '#store/settings/first-secrets.ts'
import { openSettings } from '#store/settings/open.ts'
import { SettingsWriter } from '#test/support/settings-writer.ts'
import { newKey, opened, settableClock, settingsPath } from './place.ts'

async function created(settings: Settings, name: string): Promise<CreatedKey> {
  const made = await settings.createKey(newKey(name))
  assert.equal(made.kind, 'created')
  return made
}

test('a key comes back as it was made, after a reopening too', async (t) => {
  const path = settingsPath(t)
  const wanted = newKey('search team', {
    attribution: {
      ...emptyPayer,
      department: 'engineering',
      userId: "o'brien; DROP",
      tags: { env: 'prod', __proto__x: 'ü' },
    },
    mayOverride: ['tags', 'user_id'],
    models: ['gpt-4.1*', 'claude-*'],
    mayBill: true,
    expiresAtMs: 4_102_444_800_000,
  })
  const settings = await openSettings({ path, clock: settableClock(1234) })
  const made = await settings.createKey(wanted)
  assert.equal(made.kind, 'created')
  await settings.close()

  const [key, ...others] = await (await opened(t, path)).keys()
  assert.deepEqual(others, [])
  assert.deepEqual(key, made.key)
  assert.deepEqual({ ...key, ...wanted }, key)
  assert.match(made.secret, /^tg-[0-9A-Za-z]{32}$/)
  assert.equal(key?.secrets[0]?.sha256, sha256Hex(made.secret))
  assert.equal(key?.createdAtMs, 1234)
  assert.match(key?.id ?? '', /^key_[0-9A-Za-z]{20}$/)
})

test('without a list of its own a key may be overridden where it is empty and in what describes the request', async (t) => {
  const settings = await opened(t, settingsPath(t))
  await settings.createKey(newKey('k', { attribution: { ...emptyPayer, department: 'it', userId: 'batch' } }))
  const [key] = await settings.keys()
  assert.deepEqual(new Set(key?.mayOverride), new Set(overridableFields.filter((field) => field !== 'department')))
})

test('a key of before there was a choice books bills by the rule of keys that do not say', async (t) => {
  const path = settingsPath(t)
  const settings = await opened(t, path)
  await settings.createKey(newKey('all', { mayBill: false }))
  await settings.createKey(newKey('narrow', { models: ['gpt-4.1*'], mayBill: true }))
  const database = new DatabaseSync(path)
  database.exec('UPDATE virtual_keys SET may_bill = NULL')
  database.close()
  const keys = await settings.keys()
  assert.deepEqual(keys.map(({ name, mayBill }) => [name, mayBill]).toSorted(), [
    ['all', true],
    ['narrow', false],
  ])
})

test('no secret is found in any file of the settings', async (t) => {
  const path = settingsPath(t)
  const settings = await opened(t, path)
  const { adminToken, firstKey } = await ensureFirstSecrets(settings, { adminTokenFromEnv: null })
  const { secret } = await created(settings, 'other')
  const files = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('')
  for (const plain of [adminToken, firstKey, secret]) {
    assert.ok(plain !== null && plain.length > 30)
    assert.ok(!files.includes(plain))
    assert.ok(files.includes(sha256Hex(plain)))
  }
})

test('only the owner may read the files, also where the file was open to others before', async (t) => {
  const path = settingsPath(t)
  writeFileSync(path, '', { mode: 0o644 })
  const settings = await opened(t, path)
  await created(settings, 'k')
  for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file)
})

test('a name is taken once, and stays taken when its key is revoked', async (t) => {
  const settings = await opened(t, settingsPath(t))
  await created(settings, 'k')
  assert.deepEqual(await settings.createKey(newKey('k')), { kind: 'name_taken' })
  await settings.revokeKey('k')
  assert.deepEqual(await settings.createKey(newKey('k')), { kind: 'name_taken' })
  assert.equal((await settings.keys()).length, 1)
})

test('revoking keeps the first instant, and says where there is no such key', async (t) => {
  const clock = settableClock(100)
  const settings = await opened(t, settingsPath(t), clock)
  await created(settings, 'k')
  await settings.revokeKey('k')
  clock.nowMs = 200
  const again = await settings.revokeKey('k')
  assert.equal(again.kind === 'revoked' && again.key.revokedAtMs, 100)
  assert.deepEqual(await settings.revokeKey('K'), { kind: 'unknown' })
})

test('a rotation ends the secrets before it after the grace, never later than they would have ended', async (t) => {
  const clock = settableClock(1000)
  const settings = await opened(t, settingsPath(t), clock)
  const first = await created(settings, 'k')
  const second = await settings.rotateKey('k', 500)
  clock.nowMs = 1100
  const third = await settings.rotateKey('k', 10_000)
  assert.ok(second.kind === 'created' && third.kind === 'created')
  const ends = async () =>
    Object.fromEntries(
      (await settings.keys()).flatMap(({ secrets }) => secrets.map((one) => [one.sha256, one.expiresAtMs])),
    )
  assert.deepEqual(await ends(), {
    [sha256Hex(first.secret)]: 1500,
    [sha256Hex(second.secret)]: 11_100,
    [sha256Hex(third.secret)]: null,
  })
  assert.equal(third.key.id, first.key.id)
  assert.deepEqual(third.key.secrets.map(({ sha256 }) => sha256).slice(0, 1), [sha256Hex(third.secret)])

  clock.nowMs = 2000
  const fourth = await settings.rotateKey('k', 0)
  assert.ok(fourth.kind === 'created')
  assert.deepEqual(await ends(), { [sha256Hex(fourth.secret)]: null }, 'without grace only the new one is left')
})

test('what is unknown or revoked is not rotated', async (t) => {
  const settings = await opened(t, settingsPath(t))
  assert.deepEqual(await settings.rotateKey('k', 0), { kind: 'unknown' })
  await created(settings, 'k')
  await settings.revokeKey('k')
  assert.deepEqual(await settings.rotateKey('k', 0), { kind: 'revoked' })
})

test('first secrets are made once, and told once', async (t) => {
  const settings = await opened(t, settingsPath(t))
  const first = await ensureFirstSecrets(settings, { adminTokenFromEnv: null })
  assert.match(first.adminToken ?? '', /^tga-[0-9A-Za-z]{32}$/)
  assert.match(first.firstKey ?? '', /^tg-[0-9A-Za-z]{32}$/)
  const nothing = { adminToken: null, firstKey: null }
  assert.deepEqual(await ensureFirstSecrets(settings, { adminTokenFromEnv: null }), nothing)
  await settings.revokeKey(firstKeyName)
  assert.deepEqual(await ensureFirstSecrets(settings, { adminTokenFromEnv: null }), nothing)
  const [key] = await settings.keys()
  assert.deepEqual(new Set(key?.mayOverride), new Set(overridableFields), 'whoever uses the first key says who pays')
})

test('a configured token or key needs no first one', async (t) => {
  const settings = await opened(t, settingsPath(t))
  assert.deepEqual(await ensureFirstSecrets(settings, { adminTokenFromEnv: 'mine', hasConfiguredKeys: true }), {
    adminToken: null,
    firstKey: null,
  })
  assert.deepEqual(await settings.adminTokenDigests(), [])
  const later = await ensureFirstSecrets(settings, { adminTokenFromEnv: null, hasConfiguredKeys: true })
  assert.deepEqual(await settings.adminTokenDigests(), [sha256Hex(later.adminToken ?? '')])
})

test('a new admin token ends the one before', async (t) => {
  const settings = await opened(t, settingsPath(t))
  await ensureFirstSecrets(settings, { adminTokenFromEnv: null })
  const token = await settings.rotateAdminToken()
  assert.deepEqual(await settings.adminTokenDigests(), [sha256Hex(token)])
})

test('the instance keeps its name and its secret', async (t) => {
  const path = settingsPath(t)
  const first = await (await opened(t, path)).instance()
  assert.deepEqual(await (await opened(t, path)).instance(), first)
  assert.ok(first.promptHashSecret.length >= 43)
})

test('the version tells of changes by this connection and by others, and is still while nothing changes', async (t) => {
  const path = settingsPath(t)
  const [gateway, commandLine] = [await opened(t, path), await opened(t, path)]
  let before = gateway.version()
  assert.equal(gateway.version(), before)
  const changed = (): boolean => {
    const now = gateway.version()
    const differs = now !== before
    before = now
    return differs
  }
  await created(commandLine, 'a')
  assert.ok(changed())
  await gateway.keys()
  assert.ok(!changed())
  await created(gateway, 'b')
  assert.ok(changed())
  await commandLine.revokeKey('a')
  assert.ok(changed())
  assert.deepEqual(
    (await gateway.keys()).map(({ name, revokedAtMs }) => [name, revokedAtMs]),
    [
      ['a', 1000],
      ['b', null],
    ],
  )
})

test('a file that is no database is named, with the reason', async (t) => {
  const path = settingsPath(t)
  writeFileSync(path, 'this is not a database, whatever its name says. '.repeat(100))
  await assert.rejects(openSettings({ path, clock: settableClock(0) }), (fault: unknown) => {
    assert.ok(fault instanceof SettingsFault)
    assert.equal(fault.code, 'settings_unreadable')
    assert.match(fault.message, /settings\.db/)
    return true
  })
})

test('a missing directory is a fault, not a crash', async () => {
  await assert.rejects(openSettings({ path: '/nonexistent/settings.db', clock: settableClock(0) }), {
    code: 'settings_unreadable',
  })
})

test('who never waits reads while others write, and is refused what they keep locked', async (t) => {
  const path = settingsPath(t)
  const settings = await opened(t, path)
  await settings.createKey(newKey('first'))
  settings.neverWait()
  const other = await SettingsWriter.begin(t, path)
  const version = settings.version()
  assert.deepEqual(
    (await settings.keys()).map(({ name }) => name),
    ['first'],
  )
  const written = other.endsSoon()
  await assert.rejects(settings.createKey(newKey('second')), /locked/)
  assert.deepEqual(
    (await settings.keys()).map(({ name }) => name),
    ['first'],
  )
  await written
  assert.notEqual(settings.version(), version)
  await settings.createKey(newKey('second'))
  assert.equal((await settings.keys()).length, 2)
})

test('who may wait gets its turn when the other has written', async (t) => {
  const path = settingsPath(t)
  const settings = await opened(t, path)
  const other = await SettingsWriter.begin(t, path)
  const written = other.endsSoon()
  await settings.createKey(newKey('first'))
  await written
  assert.equal((await settings.keys()).length, 1)
})
