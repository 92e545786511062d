import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gatewayFlags } from '#edge/node-flags.ts'
import { Tollgate, type Workplace, workplace } from './tollgate.ts'

/** A place where Node.js keeps compiled code, empty at first, and the part of it that a gateway finds its own in. */
function emptyCache(place: Workplace) {
  const env = { NODE_COMPILE_CACHE: join(place.folder, 'compiled') }
  const where = "process.stdout.write(require('node:module').getCompileCacheDir())"
  const { stdout } = spawnSync(process.execPath, [...gatewayFlags, '-e', where], { env, encoding: 'utf8' })
  return { env, ofGateway: stdout }
}

/** Every file, with the moment of its last change: what is compiled anew is written anew. */
function contents(folder: string): readonly string[] {
  return readdirSync(folder)
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
    .toSorted()
}

async function compiled(t: TestContext, place: Workplace, env: Record<string, string>) {
  return new Tollgate(t, place, ['compile'], env).finished()
}

function ask(address: string, key: string, content: string) {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content }] }),
  })
}

test('after "tollgate compile" a first gateway compiles nothing, whatever it is asked for', async (t) => {
  const place = workplace(
    t,
    'drain_ms: 5000\njwt: {secret: a-secret-of-thirty-two-characters, claims: {sub: user_id}}\n',
  )
  const { env, ofGateway } = emptyCache(place)
  const { code, stdout, stderr } = await compiled(t, place, env)
  assert.equal(code, 0, stderr)
  assert.ok(stdout.startsWith(`compiled; kept in ${env.NODE_COMPILE_CACHE}`), stdout)
  const before = contents(ofGateway)
  assert.ok(before.length > 500, `only ${before.length} files were compiled`)

  const tollgate = new Tollgate(t, place, ['serve'], env)
  const { address, key } = await tollgate.ready()
  assert.equal((await ask(address, key, 'Hello')).status, 200)
  assert.equal((await ask(address, key, 'Count for yourself [[simulate: no-usage]]')).status, 200)
  tollgate.process.kill('SIGTERM')
  assert.equal(await tollgate.exit, 0, tollgate.stderr)
  assert.deepEqual(contents(ofGateway), before)
})

test('a first start has kept what it compiled when it is ready, so that being killed loses nothing', async (t) => {
  const place = workplace(t)
  const { env, ofGateway } = emptyCache(place)
  const first = new Tollgate(t, place, ['serve'], env)
  await first.ready()
  const kept = contents(ofGateway)
  assert.ok(kept.length > 500, `only ${kept.length} files were kept`)
})

test('where compiled code cannot be kept, that is said, and a start works all the same', async (t) => {
  const place = workplace(t)
  const { env } = emptyCache(place)
  const readOnly = { ...env, NODE_COMPILE_CACHE_READONLY: '1' }
  const { code, stdout, stderr } = await compiled(t, place, readOnly)
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /^tollgate: compiled code cannot be kept: NODE_COMPILE_CACHE .*\n$/)
  const { address, key } = await new Tollgate(t, place, ['serve'], readOnly).ready()
  assert.equal((await ask(address, key, 'Hello')).status, 200)
})
