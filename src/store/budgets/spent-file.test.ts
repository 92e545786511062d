import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readSpent, type SpentFile, writeSpent } from './spent-file.ts'

const saved: SpentFile = {
  version: 1,
  position: { segment: '000000000001.tgj', offset: 77, blockNo: 3 },
  book: { budgets: [] },
  alerts: {},
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-spent-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'budgets')
}

test('what budgets have spent is read as it was saved, for the owner alone', async (t) => {
  const directory = directoryOf(t)
  assert.equal(await readSpent(directory), null)
  await writeSpent(directory, { ...saved, alerts: 'before' })
  await writeSpent(directory, saved)
  assert.deepEqual(await readSpent(directory), saved)
  assert.deepEqual(readdirSync(directory), ['spent.json'])
  assert.deepEqual(
    [directory, join(directory, 'spent.json')].map((path) => statSync(path).mode & 0o777),
    [0o700, 0o600],
  )
})

test('what is damaged, or of another version, is as good as none', async (t) => {
  const directory = directoryOf(t)
  await writeSpent(directory, saved)
  const { position } = saved
  for (const wrong of [
    '',
    '{"version":1',
    'null',
    '[]',
    ...[{ version: 2 }, { position: null }, { position: 3 }].map((change) => JSON.stringify({ ...saved, ...change })),
    ...Object.keys(position).map((key) => JSON.stringify({ ...saved, position: { ...position, [key]: null } })),
  ]) {
    writeFileSync(join(directory, 'spent.json'), wrong)
    assert.equal(await readSpent(directory), null, wrong)
  }
})
