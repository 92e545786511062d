import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
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

test('a first start has kept what it compiled when it is ready, so that being killed loses nothing', async (t) => {
  const place = workplace(t)
  const { env, ofGateway } = emptyCache(place)
  const first = new Tollgate(t, place, ['serve'], env)
  await first.ready()
  const kept = contents(ofGateway)
  assert.ok(kept.length > 500, `only ${kept.length} files were kept`)
})
