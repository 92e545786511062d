import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from '#store/directory-lock.ts'
import { Tollgate, workplace } from './tollgate.ts'

test('a report waits for a console that is starting, says so, and has its answer then', async (t) => {
  const place = workplace(t)
  mkdirSync(join(place.dataDir, 'run'), { recursive: true })
  const lock = await lockDirectory(place.dataDir, { address: 'http://127.0.0.1:4000', nowMs: 0 })
  t.after(() => lock.release())
  const report = new Tollgate(t, place, ['report', '--json', '--config', place.configPath])
  await report.says(
    /waiting for the console of process \d+ at http:\/\/127\.0\.0\.1:4000, which is starting\n/,
    'stderr',
  )

  const total = { cost_usd: '0', requests: 0, unpriced_requests: 0 }
  const answer = { group_by: [], rows: [], total, truncated: false, basis: 'records', incomplete_before: null }
  const console = createServer((_, response) => response.end(JSON.stringify(answer)))
  t.after(() => console.close())
  await new Promise<void>((resolve) => console.listen(join(place.dataDir, 'run', 'admin.sock'), resolve))
  const { code, stdout } = await report.finished()
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout), answer)
})
