import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { gatewayAnswers } from '#console/gateway-paths.ts'
import { TollgateProcess } from '#test/crash/tollgate-process.ts'
import { httpAnswer, startRawUpstream } from '#test/support/raw-upstream.ts'
import { mountSmallDisk } from '#test/support/small-disk.ts'
import { callerSecret, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { ask, assertSound, readAll, recordOf, usualBody } from './asking.ts'

test('a full disk: new calls are refused with the reason, running ones end and are booked, and it mends itself', async (t) => {
  const disk = mountSmallDisk(24)
  if (disk === null) {
    t.diagnostic('no disk can be mounted here; test/simulation and test/journal run against a disk in memory')
    return
  }
  const stack = await startStack({ more: 'journal: {min_free_bytes: 1000000}', dataDir: join(disk.path, 'data') })
  t.after(async () => {
    await stack.stop()
    disk.unmount()
  })
  const running = Array.from({ length: 10 }, () => ask(stack, { stream: true, wishes: 'ttft=20 tps=40 tokens=60' }))
  await Promise.all(running.map(({ response }) => response))

  disk.fill()
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

  disk.empty()
  await until('calls to be taken again', async () => {
    const got = await ask(stack).response
    await got.arrayBuffer()
    return got.status === 200
  })
  await assertSound(stack)
})

test('a stop while the disk is full says so, and gives readers the rest of their answers all the same', async (t) => {
  const disk = mountSmallDisk(24)
  if (disk === null) return
  const upstream = await startRawUpstream()
  const gateway = await TollgateProcess.prepare({ upstream: upstream.url, dataDir: disk.path })
  t.after(async () => {
    await gateway.kill()
    await upstream.close()
    disk.unmount()
  })
  assert.ok(await gateway.start(), gateway.stderr)
  // More than the buffers of the sockets hold.
  const content = 'x'.repeat(32_000_000)
  upstream.answers(
    httpAnswer(
      JSON.stringify({ choices: [{ message: { content } }], usage: { prompt_tokens: 7, completion_tokens: 9 } }),
    ),
  )
  const socket = connect(gateway.port, '127.0.0.1')
  t.after(() => socket.destroy())
  const body = JSON.stringify(usualBody)
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${callerSecret}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  await until('the call to be booked', async () => (await gateway.entries()).some(({ kind }) => kind === 'settle'))
  disk.fill()
  const stopped = gateway.terminate()
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  assert.equal(await stopped, 1)
  assert.ok(bytes > content.length, `${bytes} bytes came`)
  assert.match(gateway.stderr, /ENOSPC.*did not stop in order/)
})
