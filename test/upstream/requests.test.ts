import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { Client } from 'undici'
import type { UpstreamRequest } from '#ports.ts'
import { until, untilAtRest } from '#test/support/until.ts'
import { get, ok, openPool, startWire, type Wire, whatCame } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await startWire()
})
after(() => wire.close())

/** What arrives until the connection has been silent for as long as `last` is awaited. */
async function arrives(from: number, last: string): Promise<string> {
  const connection = await until('all of the request', () => {
    const found = wire.connections[from]
    return found?.received.endsWith(last) === true ? found : null
  })
  connection.answer(ok('{}', 'connection: close'))
  return connection.received
}

interface Sent {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: () => UpstreamRequest['body']
  /** By what the end of the request is known. */
  readonly last?: string
}

function slowly(...pieces: readonly string[]): Readable {
  const stream = new PassThrough()
  const next = (index: number): void => {
    const piece = pieces[index]
    if (piece === undefined) stream.end()
    else {
      stream.write(piece)
      setImmediate(() => next(index + 1))
    }
  }
  setImmediate(() => next(0))
  return stream
}

const large = 'x'.repeat(200_000)

const alike: readonly (readonly [name: string, sent: Sent])[] = [
  ['GET', { method: 'GET' }],
  ['HEAD', { method: 'HEAD' }],
  ['OPTIONS', { method: 'OPTIONS' }],
  ['DELETE without a body', { method: 'DELETE' }],
  ['DELETE with a body', { method: 'DELETE', body: () => Buffer.from('{}'), last: '{}' }],
  ['GET with a body', { method: 'GET', body: () => Buffer.from('{}'), last: '{}' }],
  ['POST', { body: () => Buffer.from('{"a":"\u00e4"}'), last: '}' }],
  ['POST of any bytes', { body: () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), last: '\xff' }],
  ['POST of a large body', { body: () => Buffer.from(large), last: large }],
  ['POST without a body', {}],
  ['PUT of nothing', { method: 'PUT', body: () => Buffer.alloc(0) }],
  ['PATCH', { method: 'PATCH', body: () => Buffer.from('{}'), last: '{}' }],
  ['spellings and order', { headers: ['X-B', '1', 'x-a', '\xe4 2 ', 'X-B', '3', 'Content-Type', 'a/b'] }],
  ['a host of its own', { headers: ['x', '1', 'Host', 'example.org:1'] }],
  ['the wish to close', { headers: ['x', '1', 'connection', 'close'] }],
  ['a connection header', { headers: ['Connection', 'keep-alive, x-a'] }],
  ['a length that is right', { headers: ['content-length', '2'], body: () => Buffer.from('{}'), last: '{}' }],
  ['a stream', { body: () => slowly('abc', 'defg'), last: '\r\n0\r\n\r\n' }],
  ['an empty stream', { body: () => slowly() }],
  ['an empty stream to GET', { method: 'GET', body: () => slowly() }],
  ['a stream that is there already', { body: () => ended('abcdef'), last: 'abcdef' }],
  [
    'a stream of a declared length',
    { headers: ['content-length', '7'], body: () => slowly('abc', 'defg'), last: 'defg' },
  ],
]

function ended(text: string): Readable {
  const stream = new Readable({ read: () => {} })
  stream.push(Buffer.from(text))
  stream.push(null)
  return stream
}

for (const [name, { method = 'POST', headers = [], body = () => null, last = '\r\n\r\n' }] of alike) {
  test(`${name} is sent byte for byte as undici sends it`, async () => {
    const pool = openPool(wire.url)
    const path = '/v1/x?y=%20&z=\u00e4'
    const ours = whatCame(pool.send({ method, path, headers, body: body() }))
    const sentByUs = await arrives(wire.connections.length, last)
    assert.equal((await ours).status, 200)
    await pool.close()
    const undici = new Client(wire.url, { allowH2: false })
    const options = { method: method as 'GET', path, headers: [...headers], body: body() as Readable | null }
    const theirs = undici.request(options).then((answer) => answer.body.dump())
    assert.equal(sentByUs, await arrives(wire.connections.length, last))
    await theirs
    await undici.destroy()
  })
}

const unsendable: readonly (readonly [name: string, request: Partial<UpstreamRequest>])[] = [
  ['a line end in a value', { headers: ['x', 'a\r\ny: b'] }],
  ['a bare line feed in a value', { headers: ['x', 'a\nb'] }],
  ['a zero byte in a value', { headers: ['x', 'a\0b'] }],
  ['what is no byte in a value', { headers: ['x', 'a\u2028b'] }],
  ['a line end in a name', { headers: ['x\r\ny', 'a'] }],
  ['a space in a name', { headers: ['x ', 'a'] }],
  ['a name without a character', { headers: ['', 'a'] }],
  ['a space in its path', { path: '/a b' }],
  ['a line end in its path', { path: '/a\r\nb' }],
  ['what is no byte in its path', { path: '/\u2028' }],
  ['a path without a slash', { path: 'a' }],
  ['a space in its method', { method: 'GET /' }],
  ['two hosts', { headers: ['host', 'a', 'Host', 'b'] }],
  ['a framing of its own', { headers: ['Transfer-Encoding', 'chunked'] }],
  ['an expectation', { headers: ['Expect', '100-continue'] }],
  ['two lengths', { headers: ['content-length', '1', 'content-length', '1'] }],
  ['a length that is none', { headers: ['content-length', '-1'] }],
  ['a connection header that is none', { headers: ['connection', 'a b'] }],
]
for (const [name, request] of unsendable) {
  test(`a request with ${name} is not sent, as undici does not`, async () => {
    const pool = openPool(wire.url)
    const before = wire.connections.length
    const whole = { method: 'POST', path: '/', headers: [], body: null, ...request }
    assert.equal((await whatCame(pool.send(whole))).code, 'reset')
    await pool.close()
    const undici = new Client(wire.url, { allowH2: false })
    const { method, path, headers } = whole
    await assert.rejects(async () => undici.request({ method: method as 'GET', path, headers: [...headers] }))
    await undici.destroy()
    assert.equal(wire.connections.length, before, 'a connection was made')
  })
}

const wrongLengths: readonly (readonly [name: string, declared: string, body: () => UpstreamRequest['body']])[] = [
  ['a stream longer than declared', '4', () => slowly('abc', 'defg')],
  ['a stream shorter than declared', '9', () => slowly('abc', 'defg')],
  ['a stream that breaks', '9', () => Readable.from(breaking())],
]
for (const [name, declared, body] of wrongLengths) {
  test(`${name} fails, and its connection is closed`, async () => {
    const pool = openPool(wire.url)
    const from = wire.connections.length
    const headers = ['content-length', declared]
    assert.equal((await whatCame(pool.send({ method: 'POST', path: '/', headers, body: body() }))).code, 'reset')
    const connection = await until('the connection', () => wire.connections[from] ?? null)
    await until('it to be closed', () => connection.closed)
    assert.ok(!connection.received.includes('defg') || declared !== '4', 'more was sent than declared')
    await pool.close()
  })
}

async function* breaking(): AsyncGenerator<Buffer> {
  yield Buffer.from('abc')
  await Promise.resolve()
  throw new Error('no more')
}

test('a stream is read no faster than the server takes it, and a request that is answered before its end is over', async () => {
  const pool = openPool(wire.url)
  const from = wire.connections.length
  const piece = Buffer.alloc(65_536, 'x')
  let given = 0
  const body = new Readable({
    read() {
      given++
      this.push(piece)
    },
  })
  const pending = pool.send({ method: 'POST', path: '/', headers: [], body })
  const connection = await wire.asked(from)
  connection.socket.pause()
  // Once the buffers on the way are full nothing more is taken from the stream.
  await untilAtRest('the stream', () => given)
  assert.ok(given < 1_000)
  connection.answer(ok('early'))
  assert.equal((await whatCame(pending)).body, 'early')
  connection.socket.resume()
  await until('the connection to be closed', () => connection.closed)
  assert.ok(body.isPaused())
  body.destroy()
  const next = whatCame(get(pool))
  const other = await wire.asked(from + 1)
  other.answer(ok('next'))
  assert.equal((await next).body, 'next')
  await pool.destroy()
})
