import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '#edge/system.ts'
import { openEmbedded } from './client.ts'
import { setAsideHalfMade } from './half-made.ts'
import { openUsageStore } from './store.ts'

/** As a full disk leaves it: the database there, a table begun. */
function halfMade(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-half-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const table = join(directory, 'store', '6af', '6afa633f-833b-478e-887d-2fdfce1d9197')
  mkdirSync(join(table, 'detached'), { recursive: true })
  mkdirSync(join(directory, 'metadata'))
  writeFileSync(join(table, 'format_version.txt'), '')
  writeFileSync(join(directory, 'metadata', 'tollgate.sql'), '')
  return { directory, table }
}

test('a store of which only a part of the schema was made is set aside, each time anew, and can be opened', async (t) => {
  const { directory } = halfMade(t)
  mkdirSync(join(directory, 'half-made', 'older'), { recursive: true })
  const database = openEmbedded(directory)
  t.after(() => database.close())
  assert.ok((await openUsageStore(database, { recordsDays: 90, clock: systemClock })).storeId)
  assert.deepEqual(readdirSync(join(directory, 'half-made')).sort(), ['metadata', 'store'])
  assert.equal(setAsideHalfMade(directory), false)
})

test('a store that holds anything, or whose schema is whole, stays as it is', (t) => {
  for (const part of ['202611_1_29_6_30', 'all_1_1_0', join('detached', 'broken-on-start_all_1_1_0')]) {
    const { directory, table } = halfMade(t)
    mkdirSync(join(table, part))
    assert.equal(setAsideHalfMade(directory), false, part)
    assert.ok(existsSync(join(table, part)))
  }
  const { directory, table } = halfMade(t)
  writeFileSync(join(table, 'format_version.txt'), '1')
  writeFileSync(join(directory, 'metadata', 'tollgate.sql'), 'ATTACH DATABASE')
  assert.equal(setAsideHalfMade(directory), false)
  assert.equal(setAsideHalfMade(join(directory, 'none')), false)
})
