import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import { rawCall } from '#test/support/raw-call.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { assertSound, usualBody } from './asking.ts'

let stack: Stack
const body = JSON.stringify(usualBody)

before(async () => {
  stack = await startStack({ more: 'limits: {request_body_bytes: 65536}' })
})
afterEach(() => assertSound(stack))
after(() => stack.stop())

function head(...lines: readonly string[]): string {
  const usual = [
    'POST /v1/chat/completions HTTP/1.1',
    'host: x',
    `authorization: Bearer ${stack.key}`,
    'content-type: application/json',
  ]
  return `${[...usual, ...lines].join('\r\n')}\r\n\r\n`
}

const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))

/** Two requests that two readers of HTTP could tell apart in two ways: the second one hides in the first. */
const hidden = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}'
const smuggled: readonly (readonly [name: string, lines: readonly string[], sent: string])[] = [
  ['a length and chunks', ['content-length: 5', 'transfer-encoding: chunked'], `0\r\n\r\n${hidden}`],
  ['chunks and a length', ['transfer-encoding: chunked', 'content-length: 5'], `0\r\n\r\n${hidden}`],
  ['two lengths', ['content-length: 5', 'content-length: 6'], `abcde${hidden}`],
  ['two lengths in one', ['content-length: 5, 6'], `abcde${hidden}`],
  ['a length with a sign', ['content-length: +5'], `abcde${hidden}`],
  ['a negative length', ['content-length: -1'], hidden],
  ['a length in hex', ['content-length: 0x5'], `abcde${hidden}`],
  ['an encoding that is not chunked', ['transfer-encoding: identity'], `0\r\n\r\n${hidden}`],
  ['chunked, and then something else', ['transfer-encoding: chunked, identity'], `0\r\n\r\n${hidden}`],
  ['a misspelt encoding', ['transfer-encoding: xchunked'], `0\r\n\r\n${hidden}`],
  ['a blank before the colon', ['content-length : 5'], `abcde${hidden}`],
  ['a folded line', ['x-a: b\r\n content-length: 5'], `abcde${hidden}`],
  ['a chunk size that is none', ['transfer-encoding: chunked'], `5x\r\nabcde\r\n0\r\n\r\n${hidden}`],
  ['a chunk size beyond all numbers', ['transfer-encoding: chunked'], `fffffffffffffffff\r\nabc\r\n0\r\n\r\n${hidden}`],
  ['a line that ends in a lone line feed', ['x-a: b\ncontent-length: 5'], `abcde${hidden}`],
  ['a line that ends in a lone carriage return', ['x-a: b\rcontent-length: 5'], `abcde${hidden}`],
  ['a length behind a zero byte', ['x-a: b\u0000', 'content-length: 5'], `abcde${hidden}`],
]
for (const [name, lines, sent] of smuggled) {
  test(`no second request hides behind ${name}`, async () => {
    const before = stack.bill().length
    const answer = await rawCall(stack.url, head(...lines) + sent)
    assert.deepEqual(statuses(answer), [400], answer)
    assert.match(answer, /connection: close/i)
    assert.match(answer, /"error":\{"message":/)
    assert.equal(stack.bill().length, before, 'nothing of it went upstream')
  })
}

/** A head that says all itself. */
const faulty: readonly (readonly [name: string, status: number, lines: readonly string[]])[] = [
  ['no host', 400, ['POST /v1/chat/completions HTTP/1.1']],
  ['two hosts', 400, ['POST /v1/chat/completions HTTP/1.1', 'host: x', 'host: y']],
  ['the same host twice', 400, ['POST /v1/chat/completions HTTP/1.1', 'host: x', 'Host: x']],
  ['two hosts in HTTP/1.0', 400, ['POST /v1/chat/completions HTTP/1.0', 'host: x', 'host: y']],
  ['two hosts and a whole address', 400, ['POST http://x/v1/chat/completions HTTP/1.1', 'host: x', 'host: y']],
  ['a host that is none', 400, ['POST /v1/chat/completions HTTP/1.1', 'host: x, y']],
  ['a host with a path', 400, ['POST /v1/chat/completions HTTP/1.1', 'host: x/y']],
  ['no host and a question', 400, ['POST /v1/chat/completions HTTP/1.1', 'expect: 100-continue']],
  ['chunks in HTTP/1.0', 400, ['POST /v1/chat/completions HTTP/1.0', 'transfer-encoding: chunked']],
  [
    'chunks of what is compressed',
    501,
    ['POST /v1/chat/completions HTTP/1.1', 'host: x', 'transfer-encoding: gzip, chunked'],
  ],
  [
    'codings in two lines',
    501,
    ['POST /v1/chat/completions HTTP/1.1', 'host: x', 'transfer-encoding: gzip', 'transfer-encoding: chunked'],
  ],
]
for (const [name, status, lines] of faulty) {
  test(`nothing is served to a request with ${name}, nor what is behind it`, async () => {
    const before = stack.bill().length
    const more = [`authorization: Bearer ${stack.key}`, 'content-type: application/json']
    const chunked = lines.some((line) => line.startsWith('transfer-encoding'))
    const length = chunked ? [] : [`content-length: ${body.length}`]
    const sent = chunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body
    const bad = `${[...lines, ...more, ...length].join('\r\n')}\r\n\r\n${sent}`
    const good = head(`content-length: ${body.length}`) + body
    for (const [asked, expected] of [
      [bad, [status]],
      [bad + good, [status]],
      [good + bad + good, [200, status]],
      [`${bad}rubbish\r\n\r\n`, [status]],
    ] as const) {
      const answer = await rawCall(stack.url, asked)
      assert.deepEqual(statuses(answer), expected, answer)
      assert.equal(answer.match(/connection: close/gi)?.length, 1)
      assert.match(answer, /"error":\{"message":/)
    }
    assert.equal(stack.bill().length, before + 1, 'nothing but the one sound request went upstream')
  })
}

test('a request in HTTP/1.0 needs no host, and an empty one is one', async () => {
  const rest = `authorization: Bearer ${stack.key}\r\ncontent-type: application/json\r\nconnection: close\r\n`
  for (const first of ['1.0\r\n', '1.1\r\nhost:\r\n', '1.1\r\nhost: [::1]:4000\r\n']) {
    const asked = `POST /v1/chat/completions HTTP/${first}${rest}content-length: ${body.length}\r\n\r\n${body}`
    assert.deepEqual(statuses(await rawCall(stack.url, asked)), [200], first)
  }
})

test('headers that are too large', async () => {
  const answer = await rawCall(
    stack.url,
    head(`x-large: ${'a'.repeat(100_000)}`, 'connection: close', 'content-length: 0'),
  )
  assert.deepEqual(statuses(answer), [431])
  assert.match(answer, /"headers_too_large"/)
})

test('requests one behind the other are answered in their order', async () => {
  const one = head(`content-length: ${body.length}`) + body
  const answer = await rawCall(stack.url, `${one + one + head('connection: close', 'content-length: 2')}{}`)
  assert.deepEqual(statuses(answer), [200, 200, 400])
})

test('rubbish behind a request is refused behind its answer', async () => {
  const streamed = JSON.stringify({ ...usualBody, stream: true })
  const wishes = 'x-simulate: tokens=30 tps=100 ttft=50'
  const answer = await rawCall(
    stack.url,
    `${head(wishes, `content-length: ${streamed.length}`)}${streamed}rubbish\r\n\r\n`,
  )
  assert.deepEqual(statuses(answer), [200, 400], answer)
  assert.match(answer, /data: \[DONE\]\n\n\r\n0\r\n\r\nHTTP\/1\.1 400 [\s\S]*"bad_http"/)
})

test('HTTP/1.0, and targets with the whole address', async () => {
  const old = head('connection: close', `content-length: ${body.length}`).replace('HTTP/1.1', 'HTTP/1.0') + body
  assert.match(await rawCall(stack.url, old), /^HTTP\/1\.1 200 [\s\S]*"chat\.completion"/)
  const streamed = JSON.stringify({ ...usualBody, stream: true })
  const oldStream =
    head('connection: close', `content-length: ${streamed.length}`).replace('HTTP/1.1', 'HTTP/1.0') + streamed
  const answer = await rawCall(stack.url, oldStream)
  assert.equal(/transfer-encoding/i.test(answer), false, 'HTTP/1.0 knows no chunks')
  assert.match(answer, /data: \[DONE\]/)
  const absolute =
    head('connection: close', `content-length: ${body.length}`).replace(' /v1', ` ${stack.url}/v1`) + body
  assert.match(await rawCall(stack.url, absolute), /^HTTP\/1\.1 200 /)
})

test('Expect: 100-continue is answered before the body is sent, and not where nobody wants the body', async () => {
  const wanted = await expecting(`content-length: ${body.length}`)
  assert.deepEqual(statuses(wanted), [100, 200])
  const tooLarge = await expecting('content-length: 100000')
  assert.deepEqual(statuses(tooLarge), [413])
})

/** Sends its body only once it is told to go on. */
function expecting(length: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1', () => {
      socket.write(head('expect: 100-continue', 'connection: close', length))
    })
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (/^HTTP\/1\.1 100 Continue\r\n\r\n$/.test(answer)) socket.write(body)
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

test('what stands in a body that was too large is never taken for a request', async () => {
  const large = hidden.repeat(1_000)
  // How much of it has come when it is refused is up to the system, and with it whether the connection may be used again.
  const answer = await rawCall(stack.url, `${head('connection: close', `content-length: ${large.length}`)}${large}`)
  assert.deepEqual(statuses(answer), [413])
  assert.match(answer, /"body_too_large"/)
})

test('a caller who leaves in the middle of its request leaves nothing behind', async () => {
  const before = (await stack.journal()).length
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1', () => {
      socket.write(head('content-length: 1000') + body.slice(0, 10), () => socket.destroy())
    })
    socket.on('close', () => resolve())
  })
  await assertSound(stack)
  const opens = (await stack.journal()).slice(before).filter(({ kind }) => kind === 'open')
  assert.equal(opens.length, 1, 'only the call of the check itself went upstream')
})

/** What is answered to whoever says so much and no more, and goes on listening. */
function cutShort(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ port: Number(new URL(stack.url).port), host: '127.0.0.1', allowHalfOpen: true })
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
    socket.end(Buffer.from(request, 'latin1'))
  })
}

const halves: readonly (readonly [name: string, request: () => string])[] = [
  ['a body', () => head('content-length: 1000') + body.slice(0, 10)],
  ['a large body', () => head('content-length: 50000') + body.slice(0, 10)],
  ['a body in chunks', () => `${head('transfer-encoding: chunked')}64\r\n${body.slice(0, 10)}`],
  ['a head', () => head().slice(0, -10)],
]
for (const [name, request] of halves) {
  test(`${name} that breaks off is told so, and asked of nobody`, async () => {
    const before = stack.bill().length
    const answer = await cutShort(request())
    assert.deepEqual(statuses(answer), [400], answer)
    assert.match(answer, /"The request ended before it was complete\."/)
    assert.equal(stack.bill().length, before)
  })
}

test('targets that are no path', async () => {
  const asked = (line: string) => rawCall(stack.url, `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  const options = await asked('OPTIONS *')
  assert.deepEqual(statuses(options), [200])
  assert.match(options, /\r\nallow: GET, POST, PATCH, DELETE, OPTIONS\r\n/i)
  for (const line of [
    'GET *',
    'POST v1/chat/completions',
    'GET http:',
    'GET ?a=b',
    'GET #',
    'GET /v1/responses/%zz',
    'GET /%c3%28',
  ]) {
    const answer = await asked(line)
    assert.deepEqual(statuses(answer), [400], line)
    assert.match(answer, /"error":\{"message":/, line)
  }
  for (const line of ['CONNECT api.openai.com:443', 'CONNECT /v1/chat/completions']) {
    assert.deepEqual(statuses(await asked(line)), [405], line)
  }
})

test('a wish for another protocol is passed over', async () => {
  const upgrade = head('connection: close, upgrade', 'upgrade: websocket', `content-length: ${body.length}`) + body
  assert.deepEqual(statuses(await rawCall(stack.url, upgrade)), [200])
})

test('who asks for a WebSocket is told to go on over HTTP, also behind a proxy that takes the wish off', async () => {
  const handshake = ['sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==']
  const wishes = [
    ['connection: Upgrade', 'upgrade: websocket', ...handshake],
    ['connection: close', ...handshake],
  ]
  for (const wish of wishes) {
    const lines = ['GET /v1/responses HTTP/1.1', 'host: x', `authorization: Bearer ${stack.key}`, ...wish]
    const answer = await rawCall(stack.url, `${lines.join('\r\n')}\r\n\r\n`)
    assert.deepEqual(statuses(answer), [426])
    assert.match(answer, /"code":"websocket_not_served"/)
    assert.match(answer, /^upgrade: HTTP\/1\.1\r$/m)
  }
})
