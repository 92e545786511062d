import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { rawCall } from '#test/support/raw-call.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { assertSound, usualBody } from './asking.ts'

let stack: Stack

const sha = (secret: string) => createHash('sha256').update(secret).digest('hex')
const keys = `  - {name: team, key: tg-caller-5ecre7-0f-7he-team, attribution: {department: engineering}, may_override: [cost_center, user_id, tags]}
  - {name: old, key_sha256: ${sha('tg-expired')}, expires: 2020-01-01}
  - {name: narrow, key_sha256: ${sha('tg-narrow')}, models: ["claude-*"]}`

before(async () => {
  stack = await startStack({ keys, more: 'limits: {request_body_bytes: 33554432}' })
})
afterEach(() => assertSound(stack))
after(() => stack.stop())

const usual = JSON.stringify(usualBody)

function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
): Promise<Response> {
  const usualHeaders = { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' }
  return fetch(`${stack.url}${path}`, { method: 'POST', headers: { ...usualHeaders, ...headers }, body })
}

interface Refusal {
  readonly error: { readonly message: string; readonly code?: string; readonly type?: string; readonly param?: string }
}

async function refusedWith(response: Response, status: number, code: string): Promise<string> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  const { error } = JSON.parse(text) as Refusal
  assert.equal(error.code, code)
  return error.message
}

const bodies: readonly (readonly [
  name: string,
  body: string | Uint8Array<ArrayBuffer>,
  status: number,
  code: string,
  says: RegExp,
])[] = [
  ['that is not JSON', 'hello', 400, 'invalid_json', /position 0/],
  ['that is empty', '', 400, 'invalid_json', /empty/],
  ['that is cut short', usual.slice(0, -5), 400, 'invalid_json', /ends too early/],
  ['that is a list', '[]', 400, 'invalid_request', /object/],
  [
    'with a byte that is not UTF-8',
    Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    400,
    'invalid_json',
    /UTF-8/,
  ],
  [
    'with two models',
    `{"model":"gpt-4.1-mini",${usual.slice(1)}`,
    400,
    'invalid_request',
    /"model" stands more than once/,
  ],
  [
    'with two models, one of them in disguise',
    `{"mod\\u0065l":"gpt-4.1",${usual.slice(1)}`,
    400,
    'invalid_request',
    /more than once/,
  ],
  [
    'with two models, one of them in another case',
    `{"Model":"gpt-4.1",${usual.slice(1)}`,
    400,
    'invalid_request',
    /"Model" must be written "model"/,
  ],
  ['without a model', '{"messages":[]}', 400, 'invalid_request', /"model" is missing/],
  ['with a number for a model', '{"model":7}', 400, 'invalid_request', /must be a string/],
  ['with an unknown model', '{"model":"gpt-4.1-minni","messages":[]}', 404, 'model_not_found', /gpt-4\.1-mini"/],
]
for (const [name, body, status, code, says] of bodies) {
  test(`a body ${name}`, async () => assert.match(await refusedWith(await post(body), status, code), says))
}

test('what two readers could understand in two ways is refused in the shape of the API called', async () => {
  const claude = await post('{"model":"claude-sonnet-4-5","Max_Tokens":9,"messages":[]}', {}, '/v1/messages')
  assert.equal(claude.status, 400)
  const { type, error } = (await claude.json()) as { readonly type: string } & Refusal
  assert.deepEqual([type, error.type], ['error', 'invalid_request_error'])
  assert.match(error.message, /"Max_Tokens" must be written "max_tokens"/)
  const path = '/v1beta/models/gemini-2.5-flash:generateContent'
  const gemini = await post('{"contents":[],"generationConfig":{},"generation_config":{}}', {}, path)
  assert.equal(gemini.status, 400)
  const answer = (await gemini.json()) as { readonly error: { readonly status: string; readonly message: string } }
  assert.equal(answer.error.status, 'INVALID_ARGUMENT')
  assert.match(answer.error.message, /"generationConfig" and "generation_config" are the same/)
})

test('a body of another type, or encoded', async () => {
  await refusedWith(await post(usual, { 'content-type': 'text/plain' }), 415, 'unsupported_content_type')
  await refusedWith(await post(usual, { 'content-encoding': 'gzip' }), 415, 'unsupported_content_type')
})

test('a body that is nested 100,000 deep is refused or passed on, never a fault', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const response = await post(`{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"x"}],"extra":${deep}}`)
  await response.arrayBuffer()
  assert.ok([200, 400].includes(response.status), `${response.status}`)
  await refusedWith(await post('['.repeat(100_000)), 400, 'invalid_json')
})

test('a conversation of 200,000 messages is served and booked', async () => {
  const messages = Array.from({ length: 200_000 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: 'hi',
  }))
  const response = await post(JSON.stringify({ model: 'gpt-4.1-mini', messages }), { 'x-request-id': 'long' })
  assert.equal(response.status, 200)
  const answer = (await response.json()) as { usage: { prompt_tokens: number } }
  const entry = (await stack.ledger()).find(({ call }) => call.requestId === 'long')
  assert.equal(entry?.tokens.input, answer.usage.prompt_tokens)
})

test('a large body whose structure is beyond any request is refused in the shape of the API called', async () => {
  const members = Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join(',')
  const body = (model: string) => `{"model":"${model}","messages":[],"metadata":{${members}}}`
  const says = /^the body cannot be read: one of its objects has more than 10,000 members$/
  assert.match(await refusedWith(await post(body('gpt-4.1-mini')), 400, 'invalid_request'), says)
  const claude = await post(body('claude-sonnet-4-5'), {}, '/v1/messages')
  const { error } = (await claude.json()) as Refusal
  assert.deepEqual([claude.status, error.type], [400, 'invalid_request_error'])
  assert.match(error.message, says)
  const gemini = await post(`{"contents":[],"x":{${members}}}`, {}, '/v1beta/models/gemini-2.5-flash:generateContent')
  const answer = (await gemini.json()) as { readonly error: { readonly status: string; readonly message: string } }
  assert.deepEqual([gemini.status, answer.error.status], [400, 'INVALID_ARGUMENT'])
  assert.match(answer.error.message, says)
  const deep = await post(`{"model":"gpt-4.1-mini","messages":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)
  assert.match(await refusedWith(deep, 400, 'invalid_request'), /nested more than 1,000 deep/)
})

test('a body that is too large, announced or not, is refused in words that arrive', async () => {
  const large = Buffer.alloc(34 * 1024 * 1024, 0x20)
  assert.match(await refusedWith(await post(large), 413, 'body_too_large'), /33554432/)
  const chunks = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(1024 * 1024))
      if (++sent >= 40) controller.close()
    },
  })
  let sent = 0
  const headers = { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: chunks, duplex: 'half' } as RequestInit
  await refusedWith(await fetch(`${stack.url}/v1/chat/completions`, init), 413, 'body_too_large')
})

test('keys that are missing, unknown, expired or too narrow', async () => {
  const { length } = await stack.ledger()
  for (const authorization of ['', 'Bearer ', 'Bearer nobody', 'Bearer tg-expired', 'Basic dGc6dGc=']) {
    assert.match(await refusedWith(await post(usual, { authorization }), 401, 'invalid_api_key'), /key/i)
  }
  assert.equal((await stack.ledger()).length, length, 'strangers cannot fill the ledger')
  await refusedWith(await post(usual, { authorization: 'Bearer tg-narrow' }), 403, 'model_not_allowed')
  const entry = (await stack.ledger()).at(-1)
  assert.deepEqual([entry?.outcome, entry?.cost.totalPicoUsd, entry?.errorCode], ['refused', 0n, 'model_not_allowed'])
})

test('a key for some models only starts nothing whose model it does not name', async () => {
  const narrow = { authorization: 'Bearer tg-narrow' }
  for (const [path, body] of [
    ['/v1/responses', { prompt: { id: 'pmpt_1' } }],
    ['/v1/images/generations', { prompt: 'a cat' }],
  ] as const) {
    const message = await refusedWith(await post(JSON.stringify(body), narrow, path), 403, 'model_not_allowed')
    assert.match(message, /has to name its model/)
  }
  const batch = JSON.stringify({ input_file_id: 'file_1' })
  await refusedWith(await post(batch, narrow, '/v1/batches'), 403, 'endpoint_not_allowed')
  const models = await fetch(`${stack.url}/v1/models`, { headers: narrow })
  assert.equal(models.status, 200)
  await models.arrayBuffer()
})

test('nothing of a caller becomes a header or a line of its own', async () => {
  for (const evil of ['a\r\nx-evil: 1', 'a\nb', 'a\u0000b', 'a\u2028b', '\u001b[31mred']) {
    const body = JSON.stringify({ ...usualBody, metadata: { cost_center: evil } })
    await refusedWith(await post(body), 400, 'invalid_attribution')
  }
  for (const name of ['a"', 'a\\']) {
    const body = JSON.stringify({ ...usualBody, metadata: { tags: { [name]: 'x' } } })
    assert.match(await refusedWith(await post(body), 400, 'invalid_attribution'), /name of a tag/)
    await refusedWith(await post(usual, { 'x-tollgate-tags': `${name}=x` }), 400, 'invalid_attribution')
  }
  const answer = await post(JSON.stringify({ ...usualBody, metadata: { cost_center: '東京 🙂' } }))
  assert.equal(answer.status, 200)
  assert.equal(Buffer.from(answer.headers.get('x-cost-center') ?? '', 'latin1').toString(), '東京 🙂')
  const long = await post(usual, { 'x-request-id': 'x'.repeat(500) })
  assert.ok((long.headers.get('x-request-id') ?? '').length < 100)
  const raw = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stack.key}\r\nx-cost-center: a\u0001b\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`
  assert.match(await rawCall(stack.url, raw), /^HTTP\/1\.1 400 /)
})

test('known paths by other methods, and unknown verbs of Gemini', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET']) {
    const response = await fetch(`${stack.url}/v1/embeddings`, { method })
    assert.equal(response.headers.get('allow'), 'POST')
    await refusedWith(response, 405, 'method_not_allowed')
  }
  const head = await fetch(`${stack.url}/v1/messages`, { method: 'HEAD' })
  assert.equal(head.status, 405)
})
