import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { BodyFault, BodyRoom } from '#ports.ts'
import { until, untilAtRest } from '#test/support/until.ts'
import { type RunningServer, startServer } from './server.ts'

const mostBytes = 48 * 1024 * 1024
const body = Buffer.alloc(32 * 1024 * 1024, 'x')

/** A server that takes bodies in where the test has room for them. */
async function serve(t: TestContext) {
  const asked: { bytes: number; say: (is: boolean) => void }[] = []
  const shrunk: number[] = []
  const came: (Buffer | BodyFault)[] = []
  const room: BodyRoom = {
    enter: (bytes) => new Promise((say) => asked.push({ bytes, say })),
    shrink: (bytes) => shrunk.push(bytes),
  }
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, writeTimeoutMs: 60_000, connections: 1_000 },
    ...{ knows: () => true, onNotLetIn: () => {} },
    async onExchange(exchange) {
      const read = await exchange.readBody(mostBytes, room)
      came.push(read)
      if (!exchange.gone) exchange.answer(200, [], Buffer.from(Buffer.isBuffer(read) ? `${read.length}` : read.code))
    },
  })
  t.after(() => {
    void server.close()
    server.destroy()
  })
  const question = () => until('somebody to ask for room', () => asked.shift() ?? null)
  return { server, question, asked, shrunk, came }
}

async function send(t: TestContext, server: RunningServer, head: string, bytes: Buffer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(`POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${head}\r\n\r\n`)
  socket.write(bytes)
  return socket
}

const announced = `content-length: ${body.length}`
const inOneChunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])

test('a body for which there is no room stays with its client until there is', async (t) => {
  const { server, question, shrunk } = await serve(t)
  for (const [head, bytes, asksFor] of [
    [announced, body, body.length],
    ['transfer-encoding: chunked', inOneChunk, mostBytes],
  ] as const) {
    const socket = await send(t, server, head, bytes)
    const { bytes: asked, say } = await question()
    assert.equal(asked, asksFor)
    await untilAtRest('the client', () => socket.bytesWritten)
    assert.ok(socket.writableLength > 0, 'all of it is on its way')
    say(true)
    assert.match(await text(socket), new RegExp(`${body.length}$`))
    assert.equal(shrunk.pop(), body.length)
  }
})

test('who asks whether to send its body is told to only when there is room', async (t) => {
  const { server, question } = await serve(t)
  const socket = await send(t, server, `${announced}\r\nexpect: 100-continue`, Buffer.alloc(0))
  const { say } = await question()
  assert.equal(socket.bytesRead, 0)
  say(true)
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 100 /)
  socket.write(body)
  assert.match(await text(socket), new RegExp(`${body.length}$`))
})

test('where no room comes the request is refused', async (t) => {
  const { server, question, came } = await serve(t)
  for (const [head, bytes] of [
    [announced, body],
    ['transfer-encoding: chunked', inOneChunk],
  ] as const) {
    const socket = await send(t, server, head, bytes)
    const { say } = await question()
    say(false)
    assert.match(await text(socket), /requests_full$/)
    assert.equal(came.length, 1, 'it is told once')
    came.pop()
  }
})

test('who sends its body although it was not told to is heard out before it is closed upon', async (t) => {
  const { server, question } = await serve(t)
  const socket = await send(t, server, `${announced}\r\nexpect: 100-continue`, body)
  const { say } = await question()
  await untilAtRest('the client', () => socket.bytesWritten - socket.writableLength)
  const sent = once(socket, 'drain')
  say(false)
  assert.match(await text(socket), /requests_full$/)
  await sent
})

test('who leaves while it waits for room is not waited for', async (t) => {
  const { server, question, came } = await serve(t)
  const socket = await send(t, server, announced, Buffer.from('x'))
  await question()
  socket.destroy()
  const read = await until('it to be noticed', () => came.pop() ?? null)
  assert.equal(Buffer.isBuffer(read) ? '' : read.code, 'client_gone')
})

test('small bodies ask nobody', async (t) => {
  const { server, asked } = await serve(t)
  for (const head of ['content-length: 65536', 'x-odd: \xe4\r\ncontent-length: 65536']) {
    const socket = await send(t, server, head, body.subarray(0, 65_536))
    assert.match(await text(socket), /65536$/)
  }
  assert.equal(asked.length, 0)
})
