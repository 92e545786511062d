import assert from 'node:assert/strict'
import type { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import {
  brotliCompressSync,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { encodeEntry } from '#core/ledger/codec.ts'
import { type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { type Stack, startStack, upstreamSecret } from '#test/support/stack.ts'
import { ask, readAll, recordOf } from './asking.ts'

/* Providers that repeat the credential they were shown: neither the caller nor the ledger nor the log gets to see it. */

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({ upstream: upstream.url })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

const inItsPlace = '[redacted]'.padEnd(upstreamSecret.length, '*')
const hidden = (text: string): string => text.replaceAll(upstreamSecret, inItsPlace)
const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

interface Answer {
  readonly status?: number
  readonly type?: string
  /** One character a byte. Each comes in a chunk of its own. */
  readonly pieces: readonly string[]
  readonly more?: readonly string[]
}

function http({ status = 200, type = 'application/json', pieces, more = [] }: Answer): string {
  const head = [`HTTP/1.1 ${status} X`, `content-type: ${type}`, 'transfer-encoding: chunked', ...more]
  const chunks = [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
  return `${head.join('\r\n')}\r\n\r\n${chunks.join('')}`
}

/** The text in three pieces, cut in the middle of the secret and right before its end. */
function cut(text: string): string[] {
  const at = text.indexOf(upstreamSecret)
  const end = at + upstreamSecret.length
  return [text.slice(0, at + 5), text.slice(at + 5, end - 1), text.slice(end - 1)]
}

interface Api {
  readonly name: string
  readonly path: string
  readonly streamPath: string
  readonly body: object
  /** How the caller shows its key, where not as a bearer. */
  readonly headers?: (key: string) => Record<string, string>
  /** How the provider is shown its own. */
  readonly carrier: RegExp
  /** Ends a stream in order. */
  readonly last: string
}

const messages = [{ role: 'user', content: 'Hello' }]
const gemini = {
  path: '/v1beta/models/gemini-2.5-flash:generateContent',
  body: { contents: [{ parts: [{ text: 'Hello' }] }], model: undefined, messages: undefined },
  headers: (key: string) => ({ authorization: '', 'x-goog-api-key': key }),
  carrier: new RegExp(`x-goog-api-key: ${upstreamSecret}\r\n`, 'i'),
}
const apis: readonly Api[] = [
  {
    name: 'OpenAI',
    path: '/v1/chat/completions',
    streamPath: '/v1/chat/completions',
    body: { model: 'gpt-4.1-mini', messages },
    carrier: new RegExp(`authorization: Bearer ${upstreamSecret}\r\n`, 'i'),
    last: 'data: [DONE]\n\n',
  },
  {
    name: 'Anthropic',
    path: '/v1/messages',
    streamPath: '/v1/messages',
    body: { model: 'claude-haiku-4-5', max_tokens: 50, messages },
    headers: (key) => ({ authorization: '', 'x-api-key': key }),
    carrier: new RegExp(`x-api-key: ${upstreamSecret}\r\n`, 'i'),
    last: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  { name: 'Gemini', ...gemini, streamPath: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', last: '' },
]

const said = `{"error":{"code":400,"message":"bad key ${upstreamSecret}, really ${upstreamSecret}","type":"é"}}`
const saidBytes = latin1(Buffer.from(said))

/** Asks, and looks for the secret wherever the call has left something. */
async function told(api: Api, answer: Answer, stream: boolean) {
  upstream.answers(http(answer))
  const { id, response } = ask(stack, {
    path: stream ? api.streamPath : api.path,
    body: { ...api.body, ...(stream && api.name !== 'Gemini' ? { stream: true } : {}) },
    ...(api.headers === undefined ? {} : { headers: api.headers(stack.key) }),
  })
  const got = await response
  const { text, broke } = await readAll(got)
  const entry = await recordOf(stack, id)
  assert.match(upstream.requests.at(-1) ?? '', api.carrier)
  assert.ok(!upstream.requests.at(-1)?.includes(stack.key), 'the caller’s key went upstream')
  for (const [where, seen] of Object.entries({ text, entry: encodeEntry(entry), log: stack.log })) {
    assert.ok(!seen.includes(upstreamSecret), `it is in the ${where}: ${seen}`)
  }
  assert.ok(![...got.headers].some(([, value]) => value.includes(upstreamSecret)), 'it is in the headers')
  return { text, broke, entry, status: got.status, encoding: got.headers.get('content-encoding') }
}

for (const api of apis) {
  test(`${api.name}: in an event of a stream, wherever it is cut`, async () => {
    const before = 'data: {"text":"The key begins with sk-up'
    const events = `${before}"}\n\ndata: ${saidBytes}\n\n`
    for (const pieces of [[events], cut(events), [...events]]) {
      const { text, broke } = await told(api, { type: 'text/event-stream', pieces: [...pieces, api.last] }, true)
      assert.equal(broke, false)
      assert.ok(text.startsWith(hidden(`${before}"}\n\ndata: ${said}\n\n`)), text)
    }
  })

  test(`${api.name}: in a JSON answer that succeeded, and in its error`, async () => {
    for (const status of [200, 400]) {
      for (const pieces of [[saidBytes], cut(saidBytes)]) {
        const { text, entry, status: shown } = await told(api, { status, pieces }, false)
        assert.equal(text, hidden(said))
        assert.equal(shown, status)
        assert.ok(status === 200 || entry.errorMessage.includes(inItsPlace), entry.errorMessage)
      }
    }
  })

  test(`${api.name}: in place of the model's name, which is in the record`, async () => {
    const body = `{"id":"x","model":"${upstreamSecret}","modelVersion":"${upstreamSecret}","choices":[],"content":[]}`
    const { text, entry } = await told(api, { pieces: [body] }, false)
    assert.equal(text, hidden(body))
    assert.equal(entry.modelServed, inItsPlace)
  })

  for (const [encoding, encode] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`${api.name}: in an answer compressed by ${encoding}`, async () => {
      const more = [`content-encoding: ${encoding}`]
      for (const status of [200, 400]) {
        const found = await told(api, { status, more, pieces: [latin1(encode(Buffer.from(said)))] }, false)
        assert.deepEqual([found.text, found.status, found.encoding], [hidden(said), status, encoding])
      }
    })
  }
}

for (const [encoding, encode] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['gzip, br', (body: Buffer) => brotliCompressSync(gzipSync(body))],
] as const) {
  test(`in an answer compressed by ${encoding} that is cut short: the part does not become the whole`, async () => {
    const [api] = apis
    assert.ok(api !== undefined)
    const noise = Array.from({ length: 5_000 }, (_, index) => (index * 2_654_435_761).toString(36)).join('-')
    const body = encode(
      Buffer.from(`{"model":"gpt-4.1-mini","of":"${upstreamSecret}","choices":[],"noise":"${noise}"}`),
    )
    const pieces = [latin1(body.subarray(0, -20))]
    const {
      text,
      status,
      encoding: shown,
      entry,
    } = await told(api, { more: [`content-encoding: ${encoding}`], pieces }, false)
    assert.deepEqual([status, shown], [502, null])
    assert.match(text, /is cut short or damaged within its content-encoding/)
    assert.deepEqual(
      [entry.outcome, entry.errorCode, entry.usageSource],
      ['failed', 'upstream_bad_answer', 'estimated'],
    )
  })
}

for (const [encoding, compress] of [
  ['gzip', createGzip],
  ['deflate', createDeflate],
  ['br', createBrotliCompress],
  ['zstd', createZstdCompress],
] as const) {
  test(`in a stream compressed by ${encoding}, which is broken off before`, async () => {
    const api = asking()
    const first = 'data: {"choices":[{"delta":{"content":"The key is"}}]}\n\n'
    const pieces = await compressed(compress(), [first, ...cut(`data: ${said}\n\n`), api.last])
    const more = [`content-encoding: ${encoding}`]
    const { text, broke, entry } = await told(api, { type: 'text/event-stream', more, pieces }, true)
    assert.equal(broke, true)
    assert.ok(`${first}data: ${said}`.startsWith(text), text)
    assert.deepEqual([entry.outcome, entry.errorCode], ['failed', 'upstream_bad_answer'])
    assert.match(entry.errorMessage, /repeated the gateway's own key/)
  })

  test(`in a stream compressed by ${encoding} that goes on in plain, since its chunk of usage is left out`, async () => {
    const [api] = apis
    assert.ok(api !== undefined)
    const first = 'data: {"choices":[{"delta":{"content":"The key is"}}]}\n\n'
    const pieces = await compressed(compress(), [first, ...cut(`data: ${said}\n\n`), api.last])
    const more = [`content-encoding: ${encoding}`]
    const { text, broke, encoding: shown, entry } = await told(api, { type: 'text/event-stream', more, pieces }, true)
    assert.deepEqual([broke, shown], [false, null])
    assert.ok(text.startsWith(`${first}data: ${hidden(said)}\n\n`), text)
    assert.equal(entry.outcome, 'failed')
  })

  test(`a stream compressed by ${encoding} that only begins to say it is passed on`, async () => {
    const api = asking()
    const text = `data: {"choices":[{"delta":{"content":"${upstreamSecret.slice(0, -1)}"}}]}\n\n${api.last}`
    const pieces = await compressed(compress(), [...text])
    const more = [`content-encoding: ${encoding}`]
    const found = await told(api, { type: 'text/event-stream', more, pieces }, true)
    assert.deepEqual([found.text, found.broke, found.entry.outcome], [text, false, 'served'])
  })
}

/** Chat completions whose caller wants the usage: the bytes of their streams are the provider's. */
function asking(): Api {
  const [api] = apis
  assert.ok(api !== undefined)
  return { ...api, body: { ...api.body, stream_options: { include_usage: true } } }
}

/** What an encoder makes of each text by itself, and at last of the end. */
async function compressed(encoder: Transform & { flush(done: () => void): void }, texts: readonly string[]) {
  const pieces: string[] = []
  encoder.on('data', (bytes: Buffer) => pieces.push(latin1(bytes)))
  for (const text of texts) {
    encoder.write(Buffer.from(text))
    await new Promise<void>((resolve) => encoder.flush(resolve))
  }
  encoder.end()
  await finished(encoder)
  return pieces
}

test('Gemini: in an array that is streamed', async () => {
  const [, , api] = apis
  assert.ok(api !== undefined)
  const array = { ...api, streamPath: '/v1beta/models/gemini-2.5-flash:streamGenerateContent' }
  const text = `[${saidBytes},\n${saidBytes}]`
  for (const pieces of [[text], cut(text), [...text]]) {
    const found = await told(array, { pieces }, true)
    assert.equal(found.text, hidden(`[${said},\n${said}]`))
  }
})

test('Gemini: where the caller shows its key in the query', async () => {
  const [, , api] = apis
  assert.ok(api !== undefined)
  const inQuery = { ...api, path: `${api.path}?key=${stack.key}`, headers: () => ({ authorization: '' }) }
  const { text } = await told(inQuery, { pieces: [saidBytes] }, false)
  assert.equal(text, hidden(said))
})

test('in files and sound, which nobody reads here', async () => {
  const bytes = latin1(Buffer.from([0, 255, 10, 115])) + saidBytes + latin1(Buffer.from([128, 115, 107]))
  for (const [path, type] of [
    ['/v1/files/file-1/content', 'application/octet-stream'],
    ['/v1/audio/speech', 'audio/mpeg'],
  ] as const) {
    for (const pieces of [[bytes], cut(bytes), [...bytes]]) {
      upstream.answers(http({ type, pieces }))
      const isFile = path.startsWith('/v1/files')
      const got = await fetch(`${stack.url}${path}`, {
        headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
        ...(isFile ? {} : { method: 'POST', body: '{"model":"tts-1","voice":"alloy","input":"Hello"}' }),
      })
      assert.equal(latin1(Buffer.from(await got.arrayBuffer())), hidden(bytes))
    }
  }
})
