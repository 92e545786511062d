import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { ClientExchange } from '#ports.ts'
import { PlainConnections } from './plain-connections.ts'
import { SlowReaders } from './slow-readers.ts'

const request = 'POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody'

/** Connections whose clock stands still until it is set. */
async function ground(t: TestContext) {
  const clock = { nowMs: 1_000_000 }
  const exchanges: ClientExchange[] = []
  const handedOver: string[] = []
  const sockets: Socket[] = []
  let taken = Promise.withResolvers<Socket>()
  const connections = new PlainConnections({
    onExchange: (exchange) => exchanges.push(exchange),
    knows: ({ headers }) => headers['x-api-key'] === 'good',
    handOver: (_socket, bytes) => handedOver.push(bytes.toString('latin1')),
    tooSlow: (socket) => socket.end('too slow'),
    endedEarly: (socket) => socket.end('half a request'),
    timeouts: { idleMs: 75_000, requestMs: 600_000, silenceMs: 60_000 },
    nowMs: () => clock.nowMs,
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.take(socket)
    sockets.push(socket)
    taken.resolve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const slow = new SlowReaders()
  return {
    ...{ clock, exchanges, handedOver, connections },
    sweep: () => connections.sweep(slow, 60_000),
    /** The client's end and the server's. */
    async open(): Promise<readonly [Socket, Socket]> {
      taken = Promise.withResolvers<Socket>()
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      return [socket, await taken.promise]
    },
    /** Sends, and waits until it is there. */
    async say([client, server]: readonly [Socket, Socket], bytes: string): Promise<void> {
      const there = once(server, 'data')
      client.write(bytes, 'latin1')
      await there
    },
  }
}

test('a connection without a request is closed in the end, one in the middle of a call is not', async (t) => {
  const { clock, exchanges, open, say, sweep } = await ground(t)
  const idle = await open()
  const busy = await open()
  await say(busy, request)
  clock.nowMs += 75_000
  sweep()
  assert.deepEqual([idle[1].writableEnded, busy[1].writableEnded], [false, false])
  clock.nowMs += 1
  sweep()
  assert.equal(await text(idle[0]), '')
  assert.equal(busy[1].writableEnded, false)
  exchanges[0]?.answer(200, [], Buffer.alloc(0))
  clock.nowMs += 75_001
  sweep()
  assert.match(await text(busy[0]), /^HTTP\/1\.1 200 /)
})

test('a request that does not come whole in time is refused', async (t) => {
  const { clock, exchanges, open, say, sweep } = await ground(t)
  const connection = await open()
  await say(connection, request.slice(0, -1))
  clock.nowMs += 600_001
  sweep()
  const closed = once(connection[1], 'close')
  assert.equal(await text(connection[0]), 'too slow')
  await closed
  assert.equal(exchanges.length, 1, 'it is told as a call whose client has left')
  assert.equal(exchanges[0]?.gone, true)
})

test('what is sent ahead is taken in up to a bound', async (t) => {
  const { exchanges, handedOver, open, say } = await ground(t)
  const connection = await open()
  const [client, server] = connection
  await say(connection, request)
  const ahead = 'x'.repeat(4 * 1024 * 1024)
  const sent = new Promise((resolve) => client.write(ahead, resolve))
  while (!server.isPaused()) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(server.bytesRead < 1024 * 1024)
  exchanges[0]?.answer(200, [], Buffer.alloc(0))
  while (handedOver.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.match(handedOver[0] ?? '', /^x{65536}/)
  assert.equal(server.isPaused(), false)
  server.on('data', () => {})
  await sent
})

test('nobody listens any more to a connection that was handed over', async (t) => {
  const { connections, handedOver, open, say } = await ground(t)
  const connection = await open()
  await say(connection, 'PUT /a HTTP/1.1\r\n')
  assert.deepEqual(handedOver, ['PUT /a HTTP/1.1\r\n'])
  const [, server] = connection
  for (const event of ['data', 'drain', 'timeout']) assert.equal(server.listenerCount(event), 0, event)
  connections.destroy()
  assert.equal(server.destroyed, false)
})

const announces = (bytes: number, key = ''): string =>
  `POST /a HTTP/1.1\r\nhost: a\r\n${key === '' ? '' : `x-api-key: ${key}\r\n`}content-length: ${bytes}\r\n\r\n`

test('of a large body nothing is gathered for a stranger', async (t) => {
  const { exchanges, handedOver, open, say } = await ground(t)
  for (const [bytes, key] of [
    [16_385, ''],
    [16_385, 'bad'],
    // What has to ask for room is not gathered here for anybody.
    [65_537, 'good'],
  ] as const) {
    const head = announces(bytes, key)
    await say(await open(), `${head}x`)
    assert.equal(handedOver.pop(), `${head}x`)
  }
  assert.equal(exchanges.length, 0)
})

test('a small body is gathered for anybody, a large one for who is known', async (t) => {
  const { exchanges, handedOver, open, say } = await ground(t)
  for (const [bytes, key] of [
    [16_384, ''],
    [65_536, 'good'],
  ] as const) {
    const connection = await open()
    await say(connection, announces(bytes, key))
    connection[0].write('x'.repeat(bytes))
    while (exchanges.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const body = await exchanges.pop()?.readBody(bytes)
    assert.equal(Buffer.isBuffer(body) && body.equals(Buffer.alloc(bytes, 'x')), true)
  }
  assert.deepEqual(handedOver, [])
})

test('a large body that is there with the first read is answered, whoever sent it', async (t) => {
  const { exchanges, handedOver, open, say } = await ground(t)
  await say(await open(), announces(20_000) + 'x'.repeat(20_000))
  assert.equal(exchanges.length, 1)
  assert.deepEqual(handedOver, [])
})

test('who is silent in the middle of a request is refused, who goes on sending is not', async (t) => {
  const { clock, exchanges, open, say, sweep } = await ground(t)
  const [silent, slow] = [await open(), await open()]
  for (const connection of [silent, slow]) await say(connection, announces(100))
  sweep()
  clock.nowMs += 60_000
  await say(slow, 'x')
  sweep()
  assert.deepEqual([silent[1].writableEnded, slow[1].writableEnded], [false, false])
  clock.nowMs += 1
  sweep()
  assert.equal(await text(silent[0]), 'too slow')
  clock.nowMs += 59_999
  sweep()
  assert.equal(slow[1].writableEnded, false)
  await say(slow, 'x'.repeat(99))
  assert.equal(exchanges.at(-1)?.gone, false)
})

test('half a request is told of its end, and given up', async (t) => {
  const { exchanges, open, say } = await ground(t)
  const connection = await open()
  await say(connection, announces(100))
  connection[0].end()
  assert.equal(await text(connection[0]), 'half a request')
  assert.equal(exchanges[0]?.gone, true)
})

test('whoever takes no answers is asked for no more requests', async (t) => {
  const { exchanges, open, say } = await ground(t)
  const connection = await open()
  const [client, server] = connection
  client.pause()
  await say(connection, request)
  exchanges[0]?.answer(200, [], Buffer.alloc(32 * 1024 * 1024))
  assert.equal(server.writableNeedDrain, true)
  await say(connection, request + request)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(exchanges.length, 1)
  client.resume()
  while (exchanges.length < 2) await new Promise((resolve) => setImmediate(resolve))
  exchanges[1]?.answer(200, [], Buffer.alloc(0))
  while (exchanges.length < 3) await new Promise((resolve) => setImmediate(resolve))
})
