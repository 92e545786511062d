import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { httpAnswer } from '#test/support/raw-upstream.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

type Afterwards = 'reads on' | 'stalls' | 'leaves'

/** What the provider does as soon as it has seen something of a request. */
let early: { readonly answer: string; readonly afterwards: Afterwards }
const connections = new Set<Socket>()
const provider = createServer((socket) => {
  connections.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => connections.delete(socket))
  socket.on('data', () => {})
  socket.once('data', () => {
    socket.write(early.answer)
    if (early.afterwards === 'stalls') socket.pause()
    if (early.afterwards === 'leaves') socket.end()
  })
})
let stack: Stack

before(async () => {
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const address = provider.address()
  assert.ok(address !== null && typeof address === 'object')
  stack = await startStack({ upstream: `http://127.0.0.1:${address.port}` })
})
after(async () => {
  await stack.stop()
  provider.close()
  for (const socket of connections) socket.destroy()
})

const piece = Buffer.alloc(100_000, 97)

/** With `answered`, all but the first pieces are sent when that is over. */
async function* request(
  framing: 'length' | 'chunked',
  pieces: number,
  answered: Promise<void> | null,
): AsyncGenerator<Buffer | string> {
  const length = framing === 'length' ? `content-length: ${pieces * piece.length + 1}` : 'transfer-encoding: chunked'
  const more = [
    'host: x',
    `authorization: Bearer ${stack.key}`,
    'content-type: multipart/form-data; boundary=x',
    length,
  ]
  yield `${['POST /v1/files HTTP/1.1', ...more].join('\r\n')}\r\n\r\n`
  for (let sent = 0; sent < pieces; sent += 1) {
    if (sent === 20) await answered
    if (framing === 'chunked') yield `${piece.length.toString(16)}\r\n`
    yield piece
    if (framing === 'chunked') yield '\r\n'
  }
  // In one piece with the end, so that it has come when the connection is closed.
  yield `${framing === 'chunked' ? '0\r\n\r\n' : '.'}GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n`
}

/**
 * A client that reads from the start, and sends on whatever it is told, or only once it has been told `last`. Gives what
 * it got when it was let go.
 */
function upload(framing: 'length' | 'chunked', pieces: number, last: string | null = null): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const answered = Promise.withResolvers<void>()
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1')
      if (last !== null && got.endsWith(last)) answered.resolve()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
    const source = request(framing, pieces, last === null ? null : answered.promise)
    Readable.from(source).pipe(socket, { end: false })
  })
}

const refused = '{"error":{"message":"Too large."}}'
const answers: readonly (readonly [name: string, answer: string, body: string])[] = [
  ['a refusal', httpAnswer(refused).replace('200 OK', '413 Content Too Large'), refused],
  ['JSON', httpAnswer('{"id":"file-1"}'), '{"id":"file-1"}'],
  ['a stream', httpAnswer('hello', 'text/plain'), '5\r\nhello\r\n0\r\n\r\n'],
  ['an empty stream', httpAnswer('', 'text/plain'), '0\r\n\r\n'],
]
for (const [name, answer, body] of answers) {
  for (const afterwards of ['reads on', 'stalls', 'leaves'] as const) {
    test(`${name} of a provider that ${afterwards} comes in the middle of an upload`, async () => {
      early = { answer, afterwards }
      for (const framing of ['length', 'chunked'] as const) {
        const before = (await stack.ledger()).length
        const got = await upload(framing, 80)
        assert.equal(got.match(/HTTP\/1\.1 /g)?.length, 1, got)
        assert.match(got, /\r\nconnection: close\r\n/i)
        assert.equal(got.slice(got.indexOf('\r\n\r\n') + 4), body)
        const ledger = await until('the record', async () => {
          const entries = await stack.ledger()
          return entries.length > before ? entries : null
        })
        assert.equal(ledger.length, before + 1, 'what came behind it is no call')
        assert.equal(ledger.at(-1)?.outcome, name === 'a refusal' ? 'failed' : 'served')
      }
      // The provider's end sees that nobody sends any more, unless it does not look.
      if (afterwards !== 'stalls') await until('its connections to be closed', () => connections.size === 0)
      for (const socket of connections) socket.destroy()
    })
  }
}

test('a client that has its answer, and sends on without end, is let go', async () => {
  early = { answer: httpAnswer('hello', 'text/plain'), afterwards: 'stalls' }
  assert.match(await upload('chunked', 10_000, 'hello\r\n'), /^HTTP\/1\.1 200 /)
})
