import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { type RequestHead, readPlainHead } from './request-head.ts'

const usual = [
  'POST /v1/chat/completions?a=b HTTP/1.1',
  'Host: gateway:4000',
  'Authorization: Bearer tg-1',
  'User-Agent: OpenAI/JS 6.1.0',
  'Content-Type:application/json',
  'Content-Length: 12',
]

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

test('the head of a plain request', () => {
  const bytes = bytesOf(usual)
  assert.deepEqual(readPlainHead(Buffer.concat([bytes, Buffer.from('{"a":1}')])), {
    method: 'POST',
    target: '/v1/chat/completions?a=b',
    headers: {
      host: 'gateway:4000',
      authorization: 'Bearer tg-1',
      'user-agent': 'OpenAI/JS 6.1.0',
      'content-type': 'application/json',
      'content-length': '12',
    },
    rawHeaders: [
      ...['Host', 'gateway:4000', 'Authorization', 'Bearer tg-1', 'User-Agent', 'OpenAI/JS 6.1.0'],
      ...['Content-Type', 'application/json', 'Content-Length', '12'],
    ],
    bodyBytes: 12,
    keepAlive: true,
    end: bytes.length,
  })
  assert.equal(readPlainHead(bytesOf([...usual, 'Connection: close']))?.keepAlive, false)
  assert.equal(readPlainHead(bytesOf([...usual, 'Connection: Keep-Alive']))?.keepAlive, true)
})

const notPlain: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['chunks', ['transfer-encoding: chunked']],
  ['a length and chunks', ['content-length: 1', 'transfer-encoding: chunked']],
  ['two lengths', ['content-length: 12', 'content-length: 12']],
  ['a length with a sign', ['content-length: +12']],
  ['a length of many digits', ['content-length: 1234567890']],
  ['no length', ['content-length:']],
  ['a header twice', ['x-a: 1', 'X-A: 2']],
  ['a question before the body', ['expect: 100-continue']],
  ['another protocol', ['connection: upgrade', 'upgrade: websocket']],
  ['options of the connection', ['connection: close, x-a']],
  ['trailers', ['trailer: x-a']],
  ['a blank before the colon', ['x-a : 1']],
  ['a folded line', ['x-a: 1', ' 2']],
  ['a lone line feed', ['x-a: 1\nx-b: 2']],
  ['a lone carriage return', ['x-a: 1\rx-b: 2']],
  ['a zero byte', ['x-a: 1\u0000']],
  ['a character beyond ASCII', ['x-a: caf\u00e9']],
  ['a line without a colon', ['x-a']],
  ['a header without a name', [': 1']],
  ['a name that objects have', ['__proto__: 1']],
]
for (const [name, lines] of notPlain) {
  test(`${name} is not plain`, () => {
    const others = lines.some((line) => /^content-length/i.test(line)) ? usual.slice(0, -1) : usual
    assert.notEqual(readPlainHead(bytesOf(others)), null)
    assert.equal(readPlainHead(bytesOf([...others, ...lines])), null)
  })
}

test('neither are other versions, methods and targets, heads without a host, too large or not whole', () => {
  const [, ...rest] = usual
  for (const line of [
    ...['POST /v1 HTTP/1.0', 'POST /v1 HTTP/2.0', 'HEAD / HTTP/1.1', 'OPTIONS * HTTP/1.1', 'CONNECT a:1 HTTP/1.1'],
    ...['GET http://a/ HTTP/1.1', 'GET /a b HTTP/1.1', 'GET  / HTTP/1.1', 'get / HTTP/1.1', 'GET /\u00e9 HTTP/1.1'],
  ]) {
    assert.equal(readPlainHead(bytesOf([line, ...rest])), null, line)
  }
  for (const host of [[], ['Host:'], ['Host: a b'], ['Host: a/b'], ['Host: a@b'], ['Host: a', 'Host: a']]) {
    assert.equal(readPlainHead(bytesOf(usual.flatMap((line) => (line.startsWith('Host') ? host : [line])))), null)
  }
  assert.equal(readPlainHead(bytesOf([...usual, `x-a: ${'a'.repeat(16_384)}`])), null)
  const bytes = bytesOf(usual)
  for (let end = 0; end < bytes.length; end += 1) assert.equal(readPlainHead(bytes.subarray(0, end)), null)
})

/** What Node's server makes of the same bytes; null where it takes them for no request. */
function asNodeReads(bytes: Buffer): Promise<IncomingMessage | null> {
  return new Promise((resolve) => {
    const server = createServer({ requireHostHeader: false }, (request) => resolve(request))
    for (const other of ['clientError', 'checkContinue', 'checkExpectation', 'upgrade', 'connect']) {
      server.on(other, () => resolve(null))
    }
    const wire = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    wire.on('error', () => {})
    server.emit('connection', wire)
    wire.push(bytes)
  })
}

const oddBytes = fc.constantFrom(...[' ', '\t', '\r', '\n', '\r\n', '\u0000', ':', ',', ';', '"', '\u007f', '\u00e9'])
const pieces = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: oddBytes },
  { weight: 1, arbitrary: fc.constantFrom('\r\nTransfer-Encoding: chunked', '\r\nContent-Length: 3', '\r\nHost: b') },
)
const names = fc.oneof(
  fc.constantFrom(
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Expect',
    'TE',
    'Cookie',
    'Accept',
    'x_a',
    'X-A',
  ),
  fc.constantFrom('Authorization', 'If-Match', 'Date', 'Set-Cookie', 'User-Agent', 'Keep-Alive', 'HTTP2-Settings'),
  fc.string({ minLength: 1, maxLength: 5 }),
)
const lines = fc.tuple(names, fc.constantFrom(':', ': ', ':\t', ' :'), fc.array(pieces, { maxLength: 3 }))
const heads = fc
  .record({
    method: fc.constantFrom('POST', 'GET', 'DELETE', 'PUT', 'HEAD'),
    target: fc.array(pieces, { maxLength: 2 }).map((parts) => `/${parts.join('')}`),
    more: fc.array(lines, { maxLength: 4 }),
  })
  .map(({ method, target, more }) => {
    const own = more.map(([name, colon, parts]) => `${name}${colon}${parts.join('')}`)
    return Buffer.from([`${method} ${target} HTTP/1.1`, 'Host: a', ...own, '', ''].join('\r\n'), 'latin1')
  })

test('what is read here, a complete reader of HTTP reads alike', async () => {
  let plain = 0
  await fc.assert(
    fc.asyncProperty(heads, async (bytes) => {
      const head = readPlainHead(bytes)
      if (head === null) return
      plain += 1
      const request = await asNodeReads(bytes)
      assert.ok(request !== null, bytes.toString('latin1'))
      const { end: _end, ...read } = head
      assert.deepEqual(asPlain(request), read)
    }),
    { numRuns: 20_000 },
  )
  assert.ok(plain > 1_000, `only ${plain} of them were plain`)
})

function asPlain(request: IncomingMessage): Omit<RequestHead, 'end'> {
  const { method = '', url = '', headers, rawHeaders } = request
  const length = headers['content-length']
  const bodyBytes = length === undefined ? 0 : Number(length)
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) shown[name] = Array.isArray(value) ? value.join() : String(value)
  const keepAlive = headers.connection?.toLowerCase() !== 'close'
  return { method, target: url, headers: shown, rawHeaders, bodyBytes, keepAlive }
}
