import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { bodyOf } from '#test/support/raw-upstream.ts'
import { type Asked, httpBytes, type OddAnswers, sse, startOddAnswers } from './odd-answers.ts'

let odd: OddAnswers

before(async () => {
  odd = await startOddAnswers()
})
after(() => odd.stop())

const model = 'gpt-4.1'
const words = 'Hello there, and a very good morning to all of you. '
const messages = [{ role: 'user', content: 'Say hello' }]
const plain: Asked = { path: '/v1/chat/completions', body: { model, messages } }
const streamed: Asked = { path: '/v1/chat/completions', body: { model, messages, stream: true } }
const usage = { prompt_tokens: 10, completion_tokens: 5 }
const whole = JSON.stringify({ model, choices: [{ index: 0, message: { content: words } }], usage })
const events = sse([
  JSON.stringify({ model, choices: [{ index: 0, delta: { content: words }, finish_reason: 'stop' }] }),
  JSON.stringify({ model, choices: [], usage }),
  '[DONE]',
])

const readable: readonly (readonly [name: string, encoding: string, encode: (body: string) => Buffer])[] = [
  ['deflate without its head', 'deflate', (body) => deflateRawSync(body)],
  ['gzip within gzip', 'gzip, gzip', (body) => gzipSync(gzipSync(body))],
  ['gzip within brotli', 'gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  ['a character set in place of an encoding', 'utf-8', (body) => Buffer.from(body)],
]
for (const [name, encoding, encode] of readable) {
  for (const [asked, body, type] of [
    [plain, whole, 'application/json'],
    [plain, whole, 'text/plain'],
    [streamed, events, 'text/event-stream'],
    [streamed, events, 'text/plain'],
  ] as const) {
    test(`${name} is read: ${asked === plain ? 'whole' : 'a stream'}, as ${type}`, async () => {
      const headers = [`content-type: ${type}`, `content-encoding: ${encoding}`]
      const { entry } = await odd.book(asked, httpBytes(encode(body), headers))
      assert.deepEqual([entry.outcome, entry.usageSource], ['served', 'provider'])
      assert.deepEqual([entry.tokens.input, entry.tokens.output], [10, 5])
    })
  }
}

const asked = { ...streamed, body: { ...streamed.body, stream_options: { include_usage: true } } }

test('of a compressed stream the chunk that nobody but the gateway asked for is kept as of any other', async () => {
  const encoders: readonly (readonly [string, (body: string) => Buffer])[] = [
    ['gzip', (body) => gzipSync(body)],
    ['br', (body) => brotliCompressSync(body)],
    ['zstd', (body) => zstdCompressSync(body)],
    ['gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  ]
  for (const [encoding, encode] of encoders) {
    const answer = httpBytes(encode(events), ['content-type: text/event-stream', `content-encoding: ${encoding}`])
    const kept = await odd.book(streamed, answer)
    assert.deepEqual([kept.entry.usageSource, kept.entry.tokens.input, kept.entry.tokens.output], ['provider', 10, 5])
    assert.ok(kept.seen.includes('Hello there') && kept.seen.includes('[DONE]'), encoding)
    assert.ok(!kept.seen.includes('prompt_tokens') && !/content-encoding/i.test(kept.seen), encoding)
    const left = await odd.book(asked, answer)
    assert.ok(left.seen.includes(`content-encoding: ${encoding}`), encoding)
    assert.ok(left.seen.includes(encode(events).toString('latin1')), `${encoding}: byte for byte`)
  }
})

test('a compressed stream that is cut short tells so who did not ask for its usage', async () => {
  const noise = Array.from({ length: 2_000 }, (_, index) => index.toString(36)).join('-')
  const chunks = [words, noise].map((content) => JSON.stringify({ model, choices: [{ index: 0, delta: { content } }] }))
  const body = gzipSync(sse(chunks) + events)
  const headers = ['content-type: text/event-stream', 'content-encoding: gzip']
  const { entry, seen } = await odd.book(streamed, httpBytes(body.subarray(0, body.length / 2), headers))
  assert.deepEqual([entry.outcome, entry.usageSource, entry.errorCode], ['failed', 'estimated', 'upstream_bad_answer'])
  assert.match(seen, /upstream_bad_answer/)
})

test('of an answer whose encoding is cut short, what came is estimated', async () => {
  const noise = Array.from({ length: 2_000 }, (_, index) => index.toString(36)).join('-')
  const answer = JSON.stringify({
    model,
    choices: [{ index: 0, message: { content: words.repeat(20) + noise } }],
    usage,
  })
  const body = gzipSync(answer)
  const headers = ['content-type: application/json', 'content-encoding: gzip']
  const { entry, seen } = await odd.book(plain, httpBytes(body.subarray(0, body.length / 2), headers))
  assert.equal(entry.usageSource, 'estimated')
  assert.ok(entry.tokens.output > 200, `${entry.tokens.output}`)
  assert.equal(bodyOf(seen).length, Math.floor(body.length / 2))
})

const texts: readonly (readonly [name: string, asked: Asked, type: string, body: string])[] = [
  ['plain text', plain, 'text/plain', words.repeat(4)],
  ['JSON that breaks off', plain, 'application/json', whole.slice(0, whole.indexOf('usage'))],
  ['lines of JSON', streamed, 'application/x-ndjson', `${whole}\n${whole}\n${whole}\n`],
]
for (const [name, asked, type, body] of texts) {
  test(`an answer of ${name} is estimated`, async () => {
    const { entry } = await odd.book(asked, httpBytes(body, [`content-type: ${type}`]))
    assert.deepEqual([entry.outcome, entry.usageSource, entry.cost.unpriced], ['served', 'estimated', false])
    assert.ok(entry.tokens.output >= 8 && entry.tokens.output <= 60, `${entry.tokens.output}`)
  })
}

const unreadable: readonly (readonly [name: string, asked: Asked, headers: readonly string[], body: Buffer])[] = [
  [
    'an encoding that nobody knows',
    plain,
    ['content-type: application/json', 'content-encoding: exi'],
    gzipSync(whole),
  ],
  ['the same as a stream', streamed, ['content-type: text/event-stream', 'content-encoding: exi'], gzipSync(events)],
  ['an encoding that is kept quiet', plain, ['content-type: application/json'], gzipSync(whole)],
  ['a page that calls itself text', plain, ['content-type: text/plain'], Buffer.from('<html>Welcome</html>')],
]
for (const [name, asked, headers, body] of unreadable) {
  test(`an answer that cannot be read is not booked as free: ${name}`, async () => {
    const { entry, seen } = await odd.book(asked, httpBytes(body, headers))
    assert.deepEqual([entry.usageSource, entry.tokens.output], ['estimated', 0])
    assert.ok(entry.tokens.input > 0)
    assert.deepEqual([entry.cost.unpriced, entry.marks], [true, ['usage_missing', 'unpriced']])
    assert.ok(!seen.includes('x-tollgate-cost-usd'))
    assert.ok(seen.includes(body.toString('latin1')), 'it is passed on as it came')
  })
}
