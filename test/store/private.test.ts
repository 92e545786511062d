import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEmbedded } from '#store/usage/client.ts'

test("the engine's files are its owner's alone, also where its folder was open to others", async (t) => {
  const top = mkdtempSync(join(tmpdir(), 'tg-private-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  const folder = join(top, 'clickhouse')
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  const database = openEmbedded(folder)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  await database.close()
})
