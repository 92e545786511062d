import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gatewayAnswers } from '#console/gateway-paths.ts'
import { startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { ask, assertSound, readAll, recordOf } from './asking.ts'

/** A disk of its own, small enough to be filled; null where this user may not mount one. */
function mountSmallDisk(): string | null {
  const place = mkdtempSync(join(tmpdir(), 'tg-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', place], { stdio: 'ignore' })
    return place
  } catch {
    rmSync(place, { recursive: true })
    return null
  }
}

test('a full disk: new calls are refused with the reason, running ones end and are booked, and it mends itself', async (t) => {
  const disk = mountSmallDisk()
  if (disk === null) {
    t.diagnostic('no disk can be mounted here; test/simulation and test/journal run against a disk in memory')
    return
  }
  const stack = await startStack({ more: 'journal: {min_free_bytes: 1000000}', dataDir: join(disk, 'data') })
  t.after(async () => {
    await stack.stop()
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  })
  const running = Array.from({ length: 10 }, () => ask(stack, { stream: true, wishes: 'ttft=20 tps=40 tokens=60' }))
  await Promise.all(running.map(({ response }) => response))

  const ballast = join(disk, 'ballast')
  fill(ballast, disk)
  const refused = await until('new calls to be refused', async () => {
    const { response } = ask(stack)
    const got = await response
    const text = await got.text()
    return got.status === 503 ? { text, retryAfter: got.headers.get('retry-after') } : null
  })
  assert.match(refused.text, /"journal_full"/)
  assert.match(refused.text, /room/)
  assert.equal(refused.retryAfter, '1')
  const notReady = await fetch(`${stack.url}/ready`)
  assert.equal(notReady.status, 503)
  gatewayAnswers['/ready'][503].strict().parse(await notReady.json())
  assert.equal((await fetch(`${stack.url}/health`)).status, 200)

  for (const { id, response } of running) {
    assert.match((await readAll(await response)).text, /data: \[DONE\]/)
    const entry = await recordOf(stack, id)
    const billed = stack.bill().find(({ requestHint }) => requestHint === id)
    assert.deepEqual([entry.outcome, entry.cost.totalPicoUsd], ['served', billed?.costPicoUsd])
  }

  rmSync(ballast)
  await until('calls to be taken again', async () => {
    const got = await ask(stack).response
    await got.arrayBuffer()
    return got.status === 200
  })
  await assertSound(stack)
})

/** Leaves nothing free. */
function fill(path: string, disk: string): void {
  const { bavail, bsize } = statfsSync(disk)
  try {
    writeFileSync(path, Buffer.alloc(bavail * bsize))
  } catch {
    // Filled all the same: the write ended where the room did.
  }
}
