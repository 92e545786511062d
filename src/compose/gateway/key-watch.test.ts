import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { systemClock } from '#edge/system.ts'
import { openSettings } from '#store/settings/open.ts'
import { until } from '#test/support/until.ts'
import { KeyWatch } from './key-watch.ts'

/** Keys in a folder of their own, and what they told of. */
async function watched(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const loaded = loadConfig({ env: { TOLLGATE_DATA_DIR: folder }, cwd: folder, readFile: () => '' })
  assert.ok(loaded.ok)
  const path = join(folder, 'settings.db')
  const settings = await openSettings({ path, clock: systemClock })
  const faults: unknown[] = []
  let looks = 0
  const replaced = (): boolean => {
    looks += 1
    return settings.replaced()
  }
  const keys = await KeyWatch.open({ ...settings, replaced }, loaded.config, {
    onError: (error) => faults.push(error),
    onStored: () => undefined,
  })
  return { path, config: loaded.config, settings, keys, faults, looks: () => looks }
}

test('that the keys cannot be read is told once, and the keys of before stay', async (t) => {
  const { config, settings, keys, faults } = await watched(t)
  const { ring } = keys
  await settings.close()
  for (let times = 0; times < 3; times++) await keys.configure(config)
  assert.equal(faults.length, 1)
  assert.equal(keys.ring, ring)
  await keys.close()
})

test('settings that were moved away, or replaced, are told of: what is revoked there is not seen here', async (t) => {
  const { path, settings, keys, faults, looks } = await watched(t)
  assert.equal(settings.replaced(), false)
  keys.follow()
  renameSync(path, `${path}.away`)
  assert.match(String(await until('a word of it', () => faults[0] ?? null)), /replaced while Tollgate runs/)
  const before = looks()
  await until('another look', () => (looks() > before ? true : null))
  assert.equal(faults.length, 1)
  const other = await openSettings({ path, clock: systemClock })
  assert.equal(settings.replaced(), true)
  assert.equal(other.replaced(), false)
  await Promise.all([keys.close(), settings.close(), other.close()])
})

test('that they cannot be looked at any more is told again after they could', async (t) => {
  const { config, settings } = await watched(t)
  const fails: boolean[] = []
  const version = (): number => {
    if (fails.shift() ?? false) throw new Error('disk I/O error')
    return settings.version()
  }
  let told = 0
  const { promise: toldTwice, resolve } = Promise.withResolvers<void>()
  const onError = () => {
    told += 1
    if (told === 2) resolve()
  }
  const keys = await KeyWatch.open({ ...settings, version }, config, { onError, onStored: () => undefined })
  fails.push(true, true, false, true)
  keys.follow()
  await toldTwice
  assert.deepEqual(fails, [])
  await keys.close()
  await settings.close()
})
