import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '#config/load.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import { takeInstance } from './instance.ts'

test('a command that reads the data directory is waited for, another instance is not', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-instance-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const config = configOf(dataDir)
  const command = await lockDirectory(dataDir, { nowMs: 0 })
  // The first look is taken before this returns.
  const taking = takeInstance(config)
  command.release()
  const instance = await taking
  await assert.rejects(takeInstance(config), { code: 'directory_locked' })
  instance.release()
})

function configOf(dataDir: string) {
  const none = () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  }
  const env = { TOLLGATE_DATA_DIR: dataDir, TOLLGATE_LISTEN: '127.0.0.1:0' }
  const loaded = loadConfig({ env, cwd: '/', readFile: none })
  assert.ok(loaded.ok)
  return loaded.config
}
