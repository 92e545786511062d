import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { until } from '#test/support/until.ts'
import { AnswersUnderWay } from './answers-under-way.ts'
import { HttpExchange } from './http-exchange.ts'
import { SlowReaders } from './slow-readers.ts'

/** Node's server, and a clock that stands still until it is set. */
async function ground(t: TestContext) {
  const underWay = new AnswersUnderWay(new SlowReaders())
  const taken: HttpExchange[] = []
  const take =
    (awaitsContinue: boolean) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const exchange = new HttpExchange(request, response, { awaitsContinue, onClose: (one) => underWay.remove(one) })
      underWay.add(exchange, () => {})
      taken.push(exchange)
    }
  const server = createServer(take(false)).on('checkContinue', take(true))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients: Socket[] = []
  t.after(() => {
    for (const client of clients) client.destroy()
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    taken,
    async begin(...headers: readonly string[]) {
      const client = connect(port, '127.0.0.1')
      clients.push(client)
      const there = once(server, headers.includes('expect: 100-continue') ? 'checkContinue' : 'request')
      client.write(`${['POST / HTTP/1.1', 'host: a', 'content-length: 10', ...headers].join('\r\n')}\r\n\r\n`)
      await there
      const exchange = taken.at(-1)
      assert.ok(exchange)
      return { client, exchange }
    },
    /** From whom nothing has come for too long. */
    sweep(nowMs: number): Socket[] {
      const slow: Socket[] = []
      underWay.sweep({ writeTimeoutMs: 60_000, silenceMs: 60_000, nowMs, tooSlow: (socket) => slow.push(socket) })
      return slow
    },
  }
}

test('who is silent in the middle of a request is too slow, who goes on sending is not', async (t) => {
  const { begin, sweep } = await ground(t)
  const [silent, slow] = [await begin(), await begin()]
  void silent.exchange.readBody(100)
  void slow.exchange.readBody(100)
  assert.deepEqual(sweep(0), [])
  const before = slow.exchange.socket.bytesRead
  slow.client.write('x')
  while (slow.exchange.socket.bytesRead === before) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(sweep(60_000), [])
  assert.deepEqual(sweep(60_001), [silent.exchange.socket])
  assert.deepEqual(sweep(120_001), [silent.exchange.socket, slow.exchange.socket])
})

test('a client that waits for us is not silent', async (t) => {
  const { begin, sweep } = await ground(t)
  const { client, exchange } = await begin('expect: 100-continue')
  assert.deepEqual([sweep(0), sweep(60_001)], [[], []])
  const told = once(client, 'data')
  void exchange.readBody(100)
  await told
  assert.deepEqual([sweep(60_002), sweep(120_002)], [[], []])
  assert.deepEqual(sweep(120_003), [exchange.socket])
})

test('a client whose bytes nobody takes is not silent', async (t) => {
  const { begin, sweep } = await ground(t)
  const { client, exchange } = await begin()
  const before = exchange.socket.bytesRead
  client.write('xxx')
  while (exchange.socket.bytesRead === before) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([sweep(0), sweep(60_001)], [[], []])
})

test('a call behind an answer that was taken slowly has all its time', async (t) => {
  const { begin, sweep, taken } = await ground(t)
  const { client, exchange } = await begin()
  client.write(`${'x'.repeat(10)}POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`)
  await exchange.readBody(100)
  await until('the next call', () => taken.length === 2)
  exchange.answer(200, [], Buffer.alloc(50_000_000))
  sweep(0)
  assert.equal(exchange.socket.timeout, 60_000)
  client.resume()
  await new Promise<void>((resolve) => exchange.onTaken(resolve))
  sweep(1)
  assert.equal(exchange.socket.timeout, 0)
})
