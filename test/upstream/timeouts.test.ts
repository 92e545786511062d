import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UpstreamPool } from '#edge/upstream.ts'
import { sweepEveryMs } from '#edge/upstream-timeouts.ts'
import { until } from '#test/support/until.ts'
import { get, ok, openPool, startWire, type Wire, whatCame } from './wire.ts'

const timeouts = { firstByteTimeoutMs: 200, idleTimeoutMs: 100 }
/** The clock stands until a test moves it, and the pool looks at its exchanges when a test says so. */
let nowMs = 0
let readings = 0
const clock = {
  monotonicMs() {
    readings++
    return nowMs
  },
}
let wire: Wire
let pool: UpstreamPool
beforeEach(async () => {
  nowMs = 0
  mock.timers.enable({ apis: ['setInterval'] })
  wire = await startWire()
  pool = openPool(wire.url, timeouts, clock)
})
afterEach(async () => {
  await pool.destroy()
  await wire.close()
  mock.timers.reset()
})

/** The pool looks at its exchanges. What it does about them it does in the turns of the event loop that follow. */
function look(): void {
  const before = readings
  mock.timers.tick(sweepEveryMs(timeouts))
  assert.ok(readings > before, 'the pool did not look')
}

/** The pool looks, and has done what it does about what it saw. */
async function looked(): Promise<void> {
  look()
  await turns()
}

/** Some turns of the event loop, in which what has come over the wire is read. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn()
}

test('a server that does not answer is given up, and its connection closed', async () => {
  const came = whatCame(get(pool))
  const connection = await wire.asked(0)
  nowMs = 199
  await looked()
  assert.equal(connection.closed, false)
  nowMs = 200
  look()
  assert.equal((await came).code, 'first_byte_timeout')
  await until('the connection to be closed', () => connection.closed)
})

test('neither word that the answer is to come nor the beginning of a head gives it more time', async () => {
  const came = whatCame(get(pool))
  const connection = await wire.asked(0)
  nowMs = 150
  connection.answer('HTTP/1.1 102 Processing\r\n\r\n')
  await turns()
  nowMs = 199
  connection.answer('HTTP/1.1 200 OK\r\ncontent-le')
  await turns()
  await looked()
  assert.equal(connection.closed, false)
  nowMs = 200
  look()
  assert.equal((await came).code, 'first_byte_timeout')
})

test('an answer that stops is given up, unless it is us who do not want more', async () => {
  const pending = get(pool)
  const connection = await wire.asked(0)
  connection.answer(ok('abcdef').slice(0, -3))
  const answer = await pending.answer
  const codes: string[] = []
  answer.deliver({ bytes: () => {}, end: () => codes.push('none'), fail: (fault) => codes.push(fault.code) })
  nowMs = 99
  await looked()
  answer.pause()
  nowMs = 1_000
  await looked()
  assert.deepEqual(codes, [])
  answer.resume()
  nowMs = 1_099
  await looked()
  assert.deepEqual(codes, [])
  nowMs = 1_100
  look()
  await until('the answer to be given up', () => codes.length > 0)
  assert.deepEqual(codes, ['idle_timeout'])
})

test('while a request is still being sent its answer is not waited for', async () => {
  const body = new PassThrough()
  body.write('abc')
  const came = whatCame(pool.send({ method: 'POST', path: '/', headers: [], body }))
  const connection = await until('the first of the body', () => {
    const first = wire.connections[0]
    return first?.received.endsWith('abc') === true ? first : null
  })
  nowMs = 10_000
  await looked()
  assert.equal(connection.closed, false)
  body.end('def')
  await until('the end of the body', () => connection.received.endsWith('\r\n0\r\n\r\n'))
  nowMs = 10_199
  await looked()
  assert.equal(connection.closed, false)
  nowMs = 10_200
  look()
  assert.equal((await came).code, 'first_byte_timeout')
})

test('a server that does not take the request is given up', async () => {
  const body = new PassThrough()
  let code = ''
  const came = whatCame(pool.send({ method: 'POST', path: '/', headers: [], body })).then((got) => {
    code = got.code
  })
  body.write(Buffer.alloc(50_000_000))
  const connection = await wire.asked(0)
  connection.socket.pause()
  // What the buffers on the way still take is taken as going on, however long they take it.
  await until('the server to be given up', () => {
    if (code !== '') return true
    nowMs += 1_000
    look()
    return false
  })
  await came
  assert.equal(code, 'first_byte_timeout')
})

test('a server of which the connection is not made in time is given up', async () => {
  // It takes the connection and says nothing: the TLS handshake is never done.
  const held: Socket[] = []
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  silent.on('connection', (socket) => held.push(socket))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const late = openPool(`https://127.0.0.1:${port}`, { connectTimeoutMs: 50 })
  assert.equal((await whatCame(get(late))).code, 'connect_timeout')
  await late.close()
  for (const socket of held) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

test('a process that was late itself reads what has come before it gives up', async () => {
  const answers = Array.from({ length: 4 }, () => whatCame(get(pool)))
  for (let index = 0; index < 4; index++) await wire.asked(index)
  for (const connection of wire.connections) connection.answer(ok('abc'))
  nowMs = 10_000
  // The pool looks at its exchanges before the bytes, which are here, are read.
  look()
  assert.deepEqual(
    (await Promise.all(answers)).map(({ code }) => code),
    ['none', 'none', 'none', 'none'],
  )
})
