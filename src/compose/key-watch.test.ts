import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { systemClock } from '#edge/system.ts'
import { openSettings } from '#store/settings/open.ts'
import { KeyWatch } from './key-watch.ts'

test('that the keys cannot be read is told once, and the keys of before stay', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const loaded = loadConfig({ env: { TOLLGATE_DATA_DIR: folder }, cwd: folder, readFile: () => '' })
  assert.ok(loaded.ok)
  const settings = await openSettings({ path: join(folder, 'settings.db'), clock: systemClock })
  const faults: unknown[] = []
  const keys = await KeyWatch.open(settings, loaded.config, {
    onError: (error) => faults.push(error),
    onStored: () => undefined,
  })
  const { ring } = keys
  await settings.close()
  for (let times = 0; times < 3; times++) await keys.configure(loaded.config)
  assert.equal(faults.length, 1)
  assert.equal(keys.ring, ring)
  await keys.close()
})
