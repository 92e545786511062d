import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import type { UpstreamPool } from '#edge/upstream.ts'
import { until } from '#test/support/until.ts'
import { get, ok, openPool, startWire, type Wire, whatCame } from './wire.ts'

/** Real timers look at a clock that stands until a test moves it. */
let nowMs = 0
const clock = { monotonicMs: () => nowMs }
let wire: Wire
let pool: UpstreamPool
beforeEach(async () => {
  nowMs = 0
  wire = await startWire()
  pool = openPool(wire.url, { firstByteTimeoutMs: 200, idleTimeoutMs: 100 }, clock)
})
afterEach(async () => {
  await pool.destroy()
  await wire.close()
})

/** Several looks of the pool at its exchanges. */
function looks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 150))
}

test('a server that does not answer is given up, and its connection closed', async () => {
  const came = whatCame(get(pool))
  const connection = await wire.asked(0)
  nowMs = 199
  await looks()
  assert.equal(connection.closed, false)
  nowMs = 200
  assert.equal((await came).code, 'first_byte_timeout')
  await until('the connection to be closed', () => connection.closed)
})

test('neither word that the answer is to come nor the beginning of a head gives it more time', async () => {
  const came = whatCame(get(pool))
  const connection = await wire.asked(0)
  nowMs = 150
  connection.answer('HTTP/1.1 102 Processing\r\n\r\n')
  await looks()
  nowMs = 199
  connection.answer('HTTP/1.1 200 OK\r\ncontent-le')
  await looks()
  assert.equal(connection.closed, false)
  nowMs = 200
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
  await looks()
  answer.pause()
  nowMs = 1_000
  await looks()
  assert.deepEqual(codes, [])
  answer.resume()
  nowMs = 1_099
  await looks()
  assert.deepEqual(codes, [])
  nowMs = 1_100
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
  await looks()
  assert.equal(connection.closed, false)
  body.end('def')
  await until('the end of the body', () => connection.received.endsWith('\r\n0\r\n\r\n'))
  nowMs = 10_199
  await looks()
  assert.equal(connection.closed, false)
  nowMs = 10_200
  assert.equal((await came).code, 'first_byte_timeout')
})

test('a server that does not take the request is given up', async () => {
  const body = new PassThrough()
  const came = whatCame(pool.send({ method: 'POST', path: '/', headers: [], body }))
  body.write(Buffer.alloc(50_000_000))
  const connection = await wire.asked(0)
  connection.socket.pause()
  await looks()
  nowMs = 1_000
  assert.equal((await came).code, 'first_byte_timeout')
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
  // From here on timers come next, and the pool looks at its exchanges before the bytes, which are here, are read.
  await new Promise((resolve) => setImmediate(resolve))
  for (const connection of wire.connections) connection.answer(ok('abc'))
  nowMs = 10_000
  const stalledUntilMs = performance.now() + 120
  while (performance.now() < stalledUntilMs);
  assert.deepEqual(
    (await Promise.all(answers)).map(({ code }) => code),
    ['none', 'none', 'none', 'none'],
  )
})
