import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { ClientExchange } from '#ports.ts'
import { until, untilAtRest } from '#test/support/until.ts'
import { startServer } from './server.ts'

/** A server whose exchanges wait for the test to answer them. */
async function ground(t: TestContext) {
  const taken: ClientExchange[] = []
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, writeTimeoutMs: 60_000, connections: 1_000 },
    ...{ knows: () => true, onNotLetIn: () => {} },
    onExchange: (exchange) => taken.push(exchange),
  })
  t.after(() => {
    void server.close()
    server.destroy()
  })
  const open = async (): Promise<Socket> => {
    const socket = connect(server.port, '127.0.0.1')
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const next = () => until('a request to be taken', () => taken.shift() ?? null)
  return { server, taken, open, next }
}

/** Not plain, so that Node's server reads it. */
const chunked = (path: string, body: string, ...more: readonly string[]): string =>
  `${[`POST ${path} HTTP/1.1`, 'host: a', 'transfer-encoding: chunked', ...more].join('\r\n')}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

async function echo(exchange: ClientExchange): Promise<void> {
  const body = await exchange.readBody(1_000_000)
  exchange.answer(200, [], Buffer.from(`${exchange.path} ${Buffer.isBuffer(body) ? body.length : body.code}\n`))
}

test('requests sent without waiting for answers are begun one after the other, in order', async (t) => {
  const { open, next, taken } = await ground(t)
  const socket = await open()
  const large = 'x'.repeat(300_000)
  socket.write(
    chunked('/a', 'one') + chunked('/b', large) + chunked('/c', '3') + chunked('/d', large, 'connection: close'),
  )
  for (const path of ['/a', '/b', '/c', '/d']) {
    const exchange = await next()
    assert.equal(exchange.path, path)
    await untilAtRest('the others', () => taken.length)
    assert.equal(taken.length, 0)
    await echo(exchange)
  }
  const answers = (await text(socket)).split('\n').filter((line) => /^\/\w \d+$/.test(line))
  assert.deepEqual(answers, ['/a 3', '/b 300000', '/c 1', '/d 300000'])
})

test('what is sent ahead is not read before it is its turn', async (t) => {
  const { open, next } = await ground(t)
  const socket = await open()
  const requests = 500
  socket.write(chunked('/a', 'x'.repeat(60_000)).repeat(requests))
  const first = await next()
  await untilAtRest('the client', () => socket.bytesWritten)
  assert.ok(socket.writableLength > 0, 'all of it was taken')
  socket.resume()
  await echo(first)
  for (let count = 1; count < requests; count++) await echo(await next())
})

test('nothing is begun for who has left, nor waited for', async (t) => {
  const { server, open, next, taken } = await ground(t)
  const socket = await open()
  socket.write(chunked('/a', 'one') + chunked('/b', 'two') + chunked('/c', 'three'))
  const first = await next()
  first.breakOff()
  await once(socket, 'close')
  // Resolves at once where nothing is under way.
  await server.quiet(600_000)
  assert.equal(taken.length, 0)
})

test('however much waits behind an answer, nothing of it harms anybody where its client leaves', async (t) => {
  const { server, open, next, taken } = await ground(t)
  const socket = await open()
  // As much as is taken in ahead of a request, in the shortest there are: what gives it all to Node's server is behind one.
  socket.write('GET /plain HTTP/1.1\r\nhost: a\r\n\r\n')
  const plain = await next()
  socket.write(chunked('/a', 'one') + 'GET / HTTP/1.1\r\n\r\n'.repeat(7_000))
  await untilAtRest('the client', () => socket.bytesWritten - socket.writableLength)
  plain.answer(200, [], Buffer.from('x'))
  const first = await next()
  socket.resume()
  first.breakOff()
  await once(socket, 'close')
  await server.quiet(600_000)
  assert.equal(taken.length, 0)
})
