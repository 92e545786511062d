import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Anthropic } from '@anthropic-ai/sdk'
import { ApiError, GoogleGenAI } from '@google/genai'
import { APIError, OpenAI } from 'openai'
import { type ErrorFacts, shapeError, shapeStreamError } from './errors.ts'

const facts: ErrorFacts = { status: 404, code: 'model_not_found', message: 'no such model "x"', param: 'model' }
const broken: ErrorFacts = { status: 502, code: 'upstream_unavailable', message: 'the answer broke off' }

type Fetch = () => Promise<Response>

const answering = (status: number, type: string, ...chunks: readonly Buffer[]): Fetch => {
  return async () => new Response(Buffer.concat(chunks), { status, headers: { 'content-type': type } })
}

const openai = (fetch: Fetch) => new OpenAI({ apiKey: 'k', baseURL: 'http://gateway/v1', maxRetries: 0, fetch })
const anthropic = (fetch: Fetch) => new Anthropic({ apiKey: 'k', baseURL: 'http://gateway', maxRetries: 0, fetch })

async function collect(stream: AsyncIterable<unknown>): Promise<number> {
  let events = 0
  for await (const _ of stream) events += 1
  return events
}

test("an error has OpenAI's shape, and its SDK reads it", async () => {
  assert.deepEqual(JSON.parse(shapeError('openai', facts).toString()), {
    error: { message: facts.message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
  })
  const client = openai(answering(404, 'application/json', shapeError('openai', facts)))
  await assert.rejects(client.chat.completions.create({ model: 'x', messages: [] }), (error) => {
    assert.ok(error instanceof APIError)
    assert.deepEqual([error.status, error.code, error.param], [404, 'model_not_found', 'model'])
    return true
  })
})

test("an error has Anthropic's shape, with our code beside its type, and its SDK reads it", async () => {
  assert.deepEqual(JSON.parse(shapeError('anthropic', { ...facts, requestId: 'r' }).toString()), {
    type: 'error',
    error: { type: 'not_found_error', message: facts.message, code: 'model_not_found' },
    request_id: 'r',
  })
  const client = anthropic(answering(404, 'application/json', shapeError('anthropic', facts)))
  const call = client.messages.create({ model: 'x', max_tokens: 1, messages: [] })
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError)
    assert.match(error.message, /model_not_found/)
    return true
  })
})

test("an error has Google's shape, with our code as its reason", () => {
  assert.deepEqual(JSON.parse(shapeError('google', facts).toString()), {
    error: {
      code: 404,
      message: facts.message,
      status: 'NOT_FOUND',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'MODEL_NOT_FOUND',
          domain: 'tollgate',
          metadata: { code: 'model_not_found', param: 'model' },
        },
      ],
    },
  })
})

test('types follow the status in the words of each API', () => {
  const typeOf = (dialect: 'openai' | 'anthropic' | 'google', status: number): string => {
    const { error } = JSON.parse(shapeError(dialect, { ...facts, status }).toString())
    return dialect === 'google' ? error.status : error.type
  }
  assert.deepEqual(
    [400, 401, 402, 403, 404, 413, 429, 500, 502, 504].map((status) => typeOf('anthropic', status)),
    [
      'invalid_request_error',
      'authentication_error',
      'billing_error',
      'permission_error',
      'not_found_error',
      'request_too_large',
      'rate_limit_error',
      'api_error',
      'api_error',
      'timeout_error',
    ],
  )
  assert.deepEqual(
    [400, 401, 402, 403, 429, 500].map((status) => typeOf('openai', status)),
    [
      'invalid_request_error',
      'authentication_error',
      'insufficient_quota',
      'permission_error',
      'rate_limit_error',
      'server_error',
    ],
  )
  assert.deepEqual(
    [400, 401, 403, 404, 429, 500, 503, 504].map((status) => typeOf('google', status)),
    [
      'INVALID_ARGUMENT',
      'UNAUTHENTICATED',
      'PERMISSION_DENIED',
      'NOT_FOUND',
      'RESOURCE_EXHAUSTED',
      'INTERNAL',
      'UNAVAILABLE',
      'DEADLINE_EXCEEDED',
    ],
  )
})

const chunk = Buffer.from(
  'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
)

test('an OpenAI stream that breaks raises an error, after a whole event and after half of one', async () => {
  for (const delivered of [chunk, Buffer.concat([chunk, chunk.subarray(0, 20)])]) {
    const client = openai(answering(200, 'text/event-stream', delivered, shapeStreamError('openai', broken)))
    const stream = await client.chat.completions.create({ model: 'x', messages: [], stream: true })
    await assert.rejects(collect(stream))
  }
})

test('a Responses stream that breaks raises our error', async () => {
  const event = Buffer.from('event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n')
  const end = shapeStreamError('openai', broken, 'responses')
  const stream = await openai(answering(200, 'text/event-stream', event, end)).responses.create({
    model: 'x',
    stream: true,
  })
  await assert.rejects(collect(stream), (error) => {
    assert.ok(error instanceof APIError)
    assert.equal(error.code, 'upstream_unavailable')
    return true
  })
})

test('an Anthropic stream that breaks raises our error', async () => {
  const start = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n')
  const fetch = answering(200, 'text/event-stream', start, shapeStreamError('anthropic', broken))
  const stream = await anthropic(fetch).messages.create({ model: 'x', max_tokens: 1, messages: [], stream: true })
  await assert.rejects(collect(stream), /upstream_unavailable/)
})

test('a Gemini stream that breaks raises our error', async (context) => {
  const event = Buffer.from('data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\r\n\r\n')
  const fetch = answering(200, 'text/event-stream', event, shapeStreamError('google', broken))
  context.mock.method(globalThis, 'fetch', fetch)
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://gateway' } })
  const stream = await client.models.generateContentStream({ model: 'x', contents: 'a' })
  await assert.rejects(collect(stream), (error) => {
    assert.ok(error instanceof ApiError)
    assert.equal(error.status, 502)
    assert.match(error.message, /UPSTREAM_UNAVAILABLE/)
    return true
  })
})

test('a Gemini array is closed with the error as its last element', () => {
  const text = `[{"a":1}${shapeStreamError('google', broken, 'json_array')}`
  assert.equal(JSON.parse(text)[1].error.status, 'UNAVAILABLE')
})
