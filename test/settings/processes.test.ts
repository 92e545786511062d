import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { opened, settingsPath } from './place.ts'

const run = promisify(execFile)

/** A process that opens the settings, asks for first secrets and makes three keys of its own. */
const program = `
const { openSettings } = await import(process.argv[1])
const settings = await openSettings({ path: process.argv[2], clock: { wallMs: () => 5, monotonicMs: () => 5 } })
const first = await settings.makeFirstSecrets({ adminToken: true, firstKey: true })
const { id } = await settings.instance()
const payer = { department: '', project: '', costCenter: '', userId: '', sessionId: '', featureFlag: '', requestPath: '', tags: {} }
for (const n of [1, 2, 3]) {
  await settings.createKey({ name: process.argv[3] + n, attribution: payer, mayOverride: null, models: null, mayBill: null, expiresAtMs: null })
}
await settings.close()
console.log(JSON.stringify({ ...first, id }))
`

test('processes that start at once agree on one instance, one admin token and one first key', async (t) => {
  const path = settingsPath(t)
  const module = new URL('../../src/store/settings/open.ts', import.meta.url).href
  const starters = ['a', 'b', 'c', 'd'].map((name) =>
    run(process.execPath, ['--input-type=module', '--eval', program, module, path, name]),
  )
  const told: unknown[] = (await Promise.all(starters)).map(({ stdout }) => JSON.parse(stdout))
  const values = (name: string) =>
    new Set(
      told.map((one) =>
        typeof one === 'object' && one !== null ? Object.entries(one).find(([key]) => key === name)?.[1] : one,
      ),
    )
  assert.equal(values('id').size, 1)
  for (const name of ['adminToken', 'firstKey']) {
    assert.equal(values(name).size, 2, `${name}: told to one process, null to the others`)
    assert.ok(values(name).has(null))
  }
  const settings = await opened(t, path)
  assert.equal((await settings.adminTokenDigests()).length, 1)
  assert.equal((await settings.keys()).length, 1 + 12)
})
