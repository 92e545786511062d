import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { until } from '#test/support/until.ts'
import { get, ok, openPool, startWire, whatCame } from './wire.ts'

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

test('10,000 requests, of which some fail, leave nothing behind', async () => {
  const before = sockets()
  let asked = 0
  let made = 0
  const wire = await startWire(undefined, ({ socket }) => {
    made++
    socket.on('data', (chunk) => {
      for (let rest = chunk.toString('latin1').split('\r\n\r\n').length - 1; rest > 0; rest--) {
        asked++
        if (asked % 501 === 0) socket.resetAndDestroy()
        else if (asked % 503 === 0) socket.end('no HTTP')
        else if (asked % 507 === 0) socket.write(ok('closed', 'connection: close'))
        else socket.write(ok('usual'))
      }
    })
  })
  const pool = openPool(wire.url, { maxConnections: 16 })
  const codes: Record<string, number> = {}
  let left = 10_000
  const askOn = async (): Promise<void> => {
    while (left-- > 0) {
      const pending = get(pool)
      if (left % 499 === 0) pending.abort()
      const { code } = await whatCame(pending)
      codes[code] = (codes[code] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 40 }, askOn))
  const total = Object.values(codes).reduce((sum, count) => sum + count, 0)
  assert.equal(total, 10_000)
  assert.ok((codes['none'] ?? 0) > 9_900, JSON.stringify(codes))
  for (const code of ['aborted', 'reset', 'bad_answer']) assert.ok((codes[code] ?? 0) > 0, `no ${code}`)
  // Those that were closed on purpose, and no others, were made anew.
  assert.ok(made < 16 + 120, `${made} connections`)
  const open = wire.connections.filter(({ closed }) => !closed).length
  assert.ok(open <= 16, `${open} connections are open`)
  await pool.destroy()
  await wire.close()
  await until('the sockets to be gone', () => sockets() <= before)
})

test('a process that has nothing else to do ends, though connections are kept', () => {
  const asking = `
    import { createServer } from 'node:http'
    import { get, openPool, whatCame } from '#test/upstream/wire.ts'
    // It closes nothing by itself.
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => response.end('a'))
    server.listen(0, '127.0.0.1', async () => {
      const pool = openPool('http://127.0.0.1:' + server.address().port)
      const { body } = await whatCame(get(pool))
      server.unref()
      for (const handle of process._getActiveHandles()) if (handle.server === server) handle.unref()
      console.log(body)
    })
  `
  const args = ['--input-type=module', '--eval', asking]
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
  assert.deepEqual([stdout, status], ['a\n', 0])
})
