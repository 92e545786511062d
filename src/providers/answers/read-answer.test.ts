import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerSource } from './formats.ts'
import { readAnswer } from './read-answer.ts'

const read = (
  api: AnswerSource['api'],
  body: Buffer,
  status = 200,
  contentType: string | undefined = 'application/json',
) => readAnswer({ api, body, status, contentType })

test('a large embedding is read without its vectors, wherever the usage stands', () => {
  const data = [{ object: 'embedding', embedding: Array.from({ length: 120_000 }, (_, index) => index / 7) }]
  const usage = { prompt_tokens: 8, total_tokens: 8 }
  for (const body of [
    { model: 'e', data, usage },
    { usage, data, model: 'e' },
  ]) {
    const bytes = Buffer.from(JSON.stringify(body))
    assert.ok(bytes.length > 1_000_000)
    const reading = read('embeddings', bytes)
    assert.deepEqual([reading.model, reading.usage?.inputTokens, reading.complete], ['e', 8, true])
  }
})

test('whatever the vectors are, the reading is that of the same answer without them', () => {
  const vector = Array.from({ length: 2_000 }, (_, index) => index / 7)
  const name = fc.constantFrom('model', 'usage', 'id', 'embeddings', 'error', 'service_tier')
  const value = fc.oneof(
    fc.constantFrom<unknown>('m', { prompt_tokens: 8 }, { data: 1 }),
    fc.jsonValue({ maxDepth: 3 }),
  )
  const members = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key })
  fc.assert(
    fc.property(members, members, fc.jsonValue({ maxDepth: 3 }), fc.nat(2), (before, after, element, indent) => {
      const written = (data: readonly unknown[]) =>
        Buffer.from(JSON.stringify(Object.fromEntries([...before, ['data', data], ...after]), null, indent))
      const whole = written([element, vector, { embedding: vector }])
      assert.ok(whole.length > 16_384)
      assert.deepEqual(read('embeddings', whole), read('embeddings', written([])))
    }),
    { numRuns: 300 },
  )
})

test('what is no JSON within large vectors takes nothing from the usage beside them', () => {
  const body = Buffer.from(`{"data":[{"embedding":[${'NaN,'.repeat(10_000)}0]}],"usage":{"prompt_tokens":8}}`)
  assert.equal(read('embeddings', body).usage?.inputTokens, 8)
  assert.equal(read('embeddings', body.subarray(0, -1)).usage, null)
})

test('a large body that is not what it says is still only unread', () => {
  const broken = Buffer.from(`{"data":[${'1,'.repeat(700_000)}`)
  const reading = read('embeddings', broken)
  assert.deepEqual([reading.usage, reading.error], [null, null])
})

test('a byte order mark and white space before the JSON are no hindrance', () => {
  const body = Buffer.from('\uFEFF \r\n{"model":"m","choices":[],"usage":{"prompt_tokens":1}}')
  assert.equal(read('chat.completions', body).usage?.inputTokens, 1)
})

test('audio and plain text carry no usage and are no failure', () => {
  for (const body of [
    Buffer.from([0xff, 0xfb, 0x90, 0x00]),
    Buffer.from('1\n00:00:00,000 --> 00:00:01,000\nHi'),
    Buffer.alloc(0),
  ]) {
    const reading = read('audio.transcriptions', body, 200, 'text/plain')
    assert.deepEqual([reading.usage, reading.error, reading.complete], [null, null, true])
  }
})

test('a stream that nobody asked for is read as one', () => {
  const body = Buffer.from('data: {"choices":[],"usage":{"prompt_tokens":4}}\n\ndata: [DONE]\n\n')
  const reading = read('chat.completions', body, 200, 'text/event-stream; charset=utf-8')
  assert.deepEqual([reading.usage?.inputTokens, reading.complete], [4, true])
})

test('whatever comes, there is a reading; a failure has an error and no usage', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc
      .dictionary(
        fc.constantFrom('error', 'message', 'detail', 'usage', 'choices', 'output', 'data', 'content', 'candidates'),
        fc.jsonValue(),
      )
      .map((value) => Buffer.from(JSON.stringify(value))),
  )
  const apis = fc.constantFrom<AnswerSource['api']>(
    'chat.completions',
    'responses',
    'messages',
    'generateContent',
    'images',
    'embedContent',
  )
  fc.assert(
    fc.property(apis, bodies, fc.constantFrom(200, 400, 500), (api, body, status) => {
      const reading = read(api, body, status)
      if (status < 400) return
      assert.ok(reading.error !== null && reading.error.code !== '')
      assert.equal(reading.usage, null)
    }),
    { numRuns: 500 },
  )
})

test('however long the text of a broken answer is, it is read', () => {
  const content = 'a "b" \\ '.repeat(1_500_000)
  const body = `{"choices":[{"logprobs":-Infinity,"message":{"content":${JSON.stringify(content)}}}]}`
  const reading = read('chat.completions', Buffer.from(body))
  assert.ok(reading.outputText.length > 0)
})

test("of a body without JSON its text is output, a page is nobody's, and blanks are nothing at all", () => {
  for (const [body, text, unread] of [
    ['Hello', 'Hello', undefined],
    ['{"choices":[{"message":{"content":"Hel', 'Hel', undefined],
    ['<!doctype html><p>sorry', '', true],
    [' \r\n', '', undefined],
    ['', '', undefined],
  ] as const) {
    const { outputText, outputUnread } = read('chat.completions', Buffer.from(body), 200, 'text/plain')
    assert.deepEqual([outputText, outputUnread], [text, unread], body)
  }
})
