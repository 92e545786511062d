import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { UpstreamPool } from '#edge/upstream.ts'
import { until, untilAtRest } from '#test/support/until.ts'
import { get, ok, openPool, startWire, type Wire, whatCame } from './wire.ts'

let wire: Wire
let pool: UpstreamPool
beforeEach(async () => {
  wire = await startWire()
  pool = openPool(wire.url)
})
afterEach(async () => {
  await pool.destroy()
  await wire.close()
})

/** Asks and answers on this connection. */
async function exchange(connection: number, requests: number, text: string): Promise<string> {
  const came = whatCame(get(pool))
  ;(await wire.asked(connection, requests)).answer(text)
  return (await came).body
}

test('a connection is used again, the one used last first', async () => {
  const both = [whatCame(get(pool)), whatCame(get(pool))]
  ;(await wire.asked(0)).answer(ok('a'))
  await until('one to be answered', async () => (await Promise.race(both)).body !== '')
  ;(await wire.asked(1)).answer(ok('b'))
  assert.deepEqual((await Promise.all(both)).map(({ body }) => body).sort(), ['a', 'b'])
  assert.equal(await exchange(1, 2, ok('c')), 'c')
  assert.equal(await exchange(1, 3, ok('d')), 'd')
  assert.equal(wire.connections.length, 2)
})

test('what asks for a new connection gets one, and an idle one makes room for it', async () => {
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 2 })
  assert.equal(await exchange(0, 1, ok('a')), 'a')
  for (const connection of [1, 2]) {
    const came = whatCame(pool.send({ method: 'GET', path: '/', headers: [], body: null }, 'new'))
    ;(await wire.asked(connection)).answer(ok('b'))
    assert.equal((await came).body, 'b')
  }
  await until('one to be closed', () => wire.connections.filter(({ ended }) => ended).length === 1)
  assert.equal(wire.connections.length, 3)
})

test('there are no more connections than allowed, and who waits is served in order', async () => {
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 2 })
  const answers = Array.from({ length: 6 }, (_, index) => whatCame(get(pool, `/${index}`)))
  await wire.asked(0)
  await wire.asked(1)
  const order: string[] = []
  for (let served = 1; served <= 5; served++) {
    const connection = await wire.asked(0, served)
    order.push(
      connection.received
        .match(/GET \/(\d)/g)
        ?.at(-1)
        ?.slice(5) ?? '',
    )
    connection.answer(ok('x'))
  }
  ;(await wire.asked(1)).answer(ok('y'))
  assert.equal((await Promise.all(answers)).filter(({ code }) => code === 'none').length, 6)
  assert.deepEqual([order.length, order.slice(1)], [5, ['2', '3', '4', '5']])
  assert.equal(wire.connections.length, 2)
})

const closing: readonly (readonly [name: string, answer: string])[] = [
  ['says that it closes', ok('a', 'connection: close')],
  ['speaks HTTP/1.0', ok('a', 'connection: keep-alive').replace('1.1', '1.0')],
  ['keeps connections for no longer than the way there may take', ok('a', 'keep-alive: timeout=2')],
  ['sends more than its answer', `${ok('a')}HTTP/1.1 200 OK\r\n`],
]
for (const [name, answer] of closing) {
  test(`the connection of a server that ${name} is not used again`, async () => {
    assert.equal(await exchange(0, 1, answer), 'a')
    assert.equal(await exchange(1, 1, ok('b')), 'b')
    await until('the first to be closed', () => wire.connections[0]?.closed ?? null)
  })
}

test('the connection of a request with a body that is not expected is not used again', async () => {
  const came = whatCame(pool.send({ method: 'DELETE', path: '/', headers: [], body: Buffer.from('{}') }))
  const connection = await wire.asked(0)
  connection.answer(ok('a'))
  assert.equal((await came).body, 'a')
  await until('it to be closed', () => connection.closed)
})

test('a connection that a server says to keep for long is used again', async () => {
  assert.equal(await exchange(0, 1, ok('a', 'keep-alive: timeout=100')), 'a')
  assert.equal(await exchange(0, 2, ok('b')), 'b')
})

test('a connection is closed when it was idle for too long', async () => {
  let nowMs = 0
  await pool.destroy()
  pool = openPool(wire.url, {}, { monotonicMs: () => nowMs })
  assert.equal(await exchange(0, 1, ok('a')), 'a')
  nowMs = 29_999
  assert.equal(await exchange(0, 2, ok('b', 'keep-alive: timeout=12')), 'b')
  nowMs += 10_000
  assert.equal(await exchange(1, 1, ok('c')), 'c')
  nowMs += 30_000
  await until('it to be closed without a request', () => wire.connections[1]?.closed ?? null)
})

const ends: readonly (readonly [name: string, end: (connection: Wire['connections'][number]) => void])[] = [
  ['ends', ({ socket }) => socket.end()],
  ['breaks', ({ socket }) => socket.resetAndDestroy()],
  ['says something on its own', (connection) => connection.answer(ok('stray'))],
]
for (const [name, end] of ends) {
  test(`an idle connection that ${name} is not used again`, async () => {
    assert.equal(await exchange(0, 1, ok('a')), 'a')
    const first = await wire.asked(0)
    end(first)
    await until('it to be closed', () => first.closed)
    assert.equal(await exchange(1, 1, ok('b')), 'b')
  })
}

test('a connection that was idle for long is looked at before it is used', async () => {
  let nowMs = 0
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 1 }, { monotonicMs: () => nowMs })
  assert.equal(await exchange(0, 1, ok('a')), 'a')
  nowMs = 2_000
  assert.equal(await exchange(0, 2, ok('b')), 'b')
  nowMs = 4_000
  // Its end is on the way when the request is made: in this turn of the event loop, nobody here has seen it.
  wire.connections[0]?.socket.destroy()
  const came = whatCame(get(pool))
  ;(await wire.asked(1)).answer(ok('c'))
  assert.equal((await came).body, 'c')
})

test('who gives up while the connection is looked at leaves it to others', async () => {
  let nowMs = 0
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 1 }, { monotonicMs: () => nowMs })
  assert.equal(await exchange(0, 1, ok('a')), 'a')
  nowMs = 2_000
  const given = get(pool, '/given-up')
  const waiting = whatCame(get(pool, '/waiting'))
  given.abort()
  assert.equal((await whatCame(given)).code, 'aborted')
  const connection = await wire.asked(0, 2)
  assert.ok(connection.received.includes('/waiting') && !connection.received.includes('/given-up'))
  connection.answer(ok('b'))
  assert.equal((await waiting).body, 'b')
})

test('giving up in the queue, while connecting, waiting and reading', async () => {
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 1 })
  const connecting = get(pool, '/connecting')
  const queued = get(pool, '/queued')
  const waiting = get(pool, '/waiting')
  connecting.abort()
  queued.abort()
  queued.abort()
  assert.deepEqual([(await whatCame(connecting)).code, (await whatCame(queued)).code], ['aborted', 'aborted'])
  const connection = await wire.asked(0)
  assert.match(connection.received, /^GET \/waiting /)
  waiting.abort()
  assert.equal((await whatCame(waiting)).code, 'aborted')
  await until('the connection to be closed', () => connection.closed)

  const reading = get(pool, '/reading')
  ;(await wire.asked(1)).answer(ok('abcdef').slice(0, -3))
  const answer = await reading.answer
  let body = ''
  const code = await new Promise<string>((resolve) =>
    answer.deliver({
      bytes: (piece) => {
        body += piece.toString()
        reading.abort()
      },
      end: () => resolve('none'),
      fail: (fault) => resolve(fault.code),
    }),
  )
  assert.deepEqual([body, code], ['abc', 'aborted'])
  await until('the connection to be closed', () => wire.connections[1]?.closed ?? null)
  reading.abort()
  assert.equal(await exchange(2, 1, ok('next')), 'next')
})

test('an answer that nobody wants yet is not taken from the server', async () => {
  const pending = get(pool)
  const connection = await wire.asked(0)
  connection.answer('HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n')
  const answer = await pending.answer
  const piece = Buffer.alloc(1_000_000, 'x')
  for (let index = 0; index < 50; index++) connection.socket.write(piece)
  let bytes = 0
  let held = false
  let paused = false
  const ended = new Promise<void>((resolve, reject) =>
    answer.deliver({
      bytes: (chunk) => {
        assert.ok(!paused, 'given more while paused')
        bytes += chunk.length
        if (bytes > 100_000 && !held) {
          held = true
          paused = true
          answer.pause()
        }
      },
      end: resolve,
      fail: reject,
    }),
  )
  await until('the answer to be paused', () => paused)
  await untilAtRest('what is not taken', () => connection.socket.writableLength)
  assert.ok(connection.socket.writableLength > 20_000_000 && bytes < 300_000)
  paused = false
  answer.resume()
  await ended
  assert.equal(bytes, 50_000_000)
  assert.equal(await exchange(0, 2, ok('next')), 'next')
})

test('who pauses at the end of an answer stops nobody else', async () => {
  const pending = get(pool)
  const connection = await wire.asked(0)
  connection.answer('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n')
  const answer = await pending.answer
  const ended = new Promise<void>((resolve, reject) =>
    answer.deliver({ bytes: () => answer.pause(), end: resolve, fail: reject }),
  )
  connection.answer('abc')
  await ended
  assert.equal(await exchange(0, 2, ok('next')), 'next')
  answer.resume()
  assert.equal(await exchange(0, 3, ok('last')), 'last')
})

test('chunks that came together are given at a time, and what comes while nobody wants it later', async () => {
  const pending = get(pool)
  const connection = await wire.asked(0)
  connection.answer('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  const answer = await pending.answer
  const given: string[] = []
  answer.deliver({
    bytes: (chunk) => {
      given.push(chunk.toString())
      answer.pause()
    },
    end: () => given.push('end'),
    fail: (fault) => given.push(fault.code),
  })
  connection.answer('1\r\na\r\n2\r\nbc\r\n')
  await until('the first', () => given.length > 0)
  connection.answer('1\r\nd\r\n0\r\n\r\n')
  connection.socket.end()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(given, ['abc'])
  answer.resume()
  await until('the end', () => given.length > 2)
  assert.deepEqual(given, ['abc', 'd', 'end'])
})

test('an end or a break in the middle of an answer is a reset, and one after an answer without a length its end', async () => {
  const cases: readonly (readonly [text: string, breaks: boolean, code: string])[] = [
    [ok('abcdef').slice(0, -3), false, 'reset'],
    [ok('abcdef', 'connection: close').slice(0, -3), false, 'reset'],
    [ok('abcdef').slice(0, -3), true, 'reset'],
    ['HTTP/1.1 200 OK\r\n\r\nabc', false, 'none'],
    ['HTTP/1.1 200 OK\r\n\r\nabc', true, 'reset'],
  ]
  for (const [index, [text, breaks, code]] of cases.entries()) {
    const pending = get(pool)
    const connection = await wire.asked(index)
    connection.answer(text)
    const answer = await pending.answer
    const first = Promise.withResolvers<void>()
    const end = Promise.withResolvers<string>()
    answer.deliver({
      bytes: () => first.resolve(),
      end: () => end.resolve('none'),
      fail: (fault) => end.resolve(fault.code),
    })
    await first.promise
    if (breaks) connection.socket.resetAndDestroy()
    else connection.socket.end()
    assert.equal(await end.promise, code, text)
  }
})

test('a server that is not there cannot be reached', async () => {
  const url = wire.url
  await wire.close()
  wire = await startWire()
  const gone = openPool(url)
  assert.equal((await whatCame(get(gone))).code, 'connect_failed')
  await gone.close()
  const nameless = openPool('http://tollgate.invalid:1')
  assert.equal((await whatCame(get(nameless))).code, 'connect_failed')
  await nameless.close()
})

test('closing lets exchanges end, queued ones too, and takes no new ones', async () => {
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 1 })
  const running = [whatCame(get(pool)), whatCame(get(pool))]
  const connection = await wire.asked(0)
  let closed = false
  const done = pool.close().then(() => {
    closed = true
  })
  assert.equal((await whatCame(get(pool))).code, 'reset')
  connection.answer(ok('a'))
  await wire.asked(0, 2)
  assert.equal(closed, false)
  connection.answer(ok('b'))
  assert.deepEqual(
    (await Promise.all(running)).map(({ body }) => body),
    ['a', 'b'],
  )
  await done
  await until('the connection to be closed', () => connection.closed)
})

test('destroying breaks off what runs and what waits', async () => {
  await pool.destroy()
  pool = openPool(wire.url, { maxConnections: 1 })
  const running = [whatCame(get(pool)), whatCame(get(pool))]
  const connection = await wire.asked(0)
  await pool.destroy()
  assert.deepEqual(
    (await Promise.all(running)).map(({ code }) => code),
    ['reset', 'reset'],
  )
  await until('the connection to be closed', () => connection.closed)
  await pool.destroy()
  await pool.close()
})

for (const framing of ['content-length: 2\r\n\r\nab', 'transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'])
  test(`a taker that throws at the end of its answer is told that it failed: ${framing.slice(0, 17)}`, async () => {
    const pending = get(pool)
    const cut = framing.length - 1
    ;(await wire.asked(0)).answer(`HTTP/1.1 200 OK\r\n${framing.slice(0, cut)}`)
    const answer = await pending.answer
    const failed = new Promise<string>((resolve) =>
      answer.deliver({
        bytes: () => {},
        end: () => {
          throw new Error('on purpose')
        },
        fail: (fault) => resolve(fault.code),
      }),
    )
    ;(await wire.asked(0)).answer(framing.slice(cut))
    assert.equal(await failed, 'reset')
    assert.equal(await exchange(1, 1, ok('next')), 'next')
  })

test('a taker that throws loses its answer, and nobody else theirs', async () => {
  const pending = get(pool)
  ;(await wire.asked(0)).answer('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n')
  const answer = await pending.answer
  const failed = new Promise<string>((resolve) =>
    answer.deliver({
      bytes: () => {
        throw new Error('on purpose')
      },
      end: () => resolve('none'),
      fail: (fault) => resolve(fault.code),
    }),
  )
  ;(await wire.asked(0)).answer('ab')
  assert.equal(await failed, 'reset')
  assert.equal(await exchange(1, 1, ok('next')), 'next')
})

test('a Unix socket is spoken to as any server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'))
  const socketPath = join(folder, 'a.sock')
  const unix = await startWire((server) => server.listen(socketPath))
  const there = openPool('http://console', { socketPath })
  const came = whatCame(get(there, '/health'))
  const connection = await unix.asked(0)
  assert.equal(connection.received, 'GET /health HTTP/1.1\r\nhost: console\r\nconnection: keep-alive\r\n\r\n')
  connection.answer(ok('a'))
  assert.equal((await came).body, 'a')
  await there.destroy()
  await unix.close()
  assert.equal((await whatCame(get(openPool('http://console', { socketPath })))).code, 'connect_failed')
  rmSync(folder, { recursive: true })
})
