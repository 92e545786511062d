import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Tollgate, workplace } from './tollgate.ts'

const file = `
providers:
  - {name: relay, kind: openai-compatible, base_url: "https://relay.example/v1", api_key: k, models: [house-model]}
prices:
  - {provider: relay, model: house-model, from: 2026-01-01, input_per_mtok: "7", output_per_mtok: "7"}
keys: [{name: from-elsewhere, key: a-key-of-another-file}]
`

/** A configuration and a data directory that are not where a command looks by itself. */
function elsewhere(t: TestContext) {
  const place = workplace(t)
  const folder = join(place.folder, 'elsewhere')
  mkdirSync(folder)
  const config = join(folder, 'other.yaml')
  writeFileSync(config, file)
  const dataDir = join(folder, 'kept')
  const options = ['--config', config, '--data-dir', dataDir]
  // The options beat variables, too.
  const env = { TOLLGATE_CONFIG: join(folder, 'missing.yaml'), TOLLGATE_DATA_DIR: join(folder, 'not-here') }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Tollgate(t, place, [...args, ...options], env).finished()
    assert.equal(code, 0, stderr)
    return stdout
  }
  return { place, dataDir, run }
}

test('doctor looks at the configuration and the data directory that it is told', async (t) => {
  const { dataDir, run } = elsewhere(t)
  const said = await run('doctor')
  assert.match(said, /relay \(openai-compatible\)/)
  assert.ok(said.includes(`${dataDir} is writable`))
})

test('prices are those of the configuration that is named', async (t) => {
  const { run } = elsewhere(t)
  assert.match(await run('prices', 'house-model'), /input +7 USD/)
})

test('keys are made, listed and ended in the data directory that is named, and nowhere else', async (t) => {
  const { place, dataDir, run } = elsewhere(t)
  await run('keys', 'create', '--name', 'made')
  assert.ok(existsSync(join(dataDir, 'settings.db')))
  assert.ok(!existsSync(place.dataDir))
  const names = async () =>
    JSON.parse(await run('keys', 'list', '--json')).keys.map((key: { name: string }) => key.name)
  assert.deepEqual((await names()).sort(), ['from-elsewhere', 'made'])
  assert.match(await run('keys', 'show', 'made'), /made/)
  await run('keys', 'rotate', 'made')
  await run('keys', 'revoke', 'made')
  await run('keys', 'admin-token', '--rotate')
})
