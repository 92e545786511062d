import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

const providers = [
  ['openai-compatible', '*/*'],
  ['openai', 'gpt-*'],
  ['anthropic', 'claude-*'],
  ['google', 'gemini-*'],
]
  .map(
    ([kind = '', models = '']) =>
      `  - {name: ${kind}, kind: ${kind}, base_url: "\${SIMULATOR}", api_key: sk-up, models: ["${models}"]}`,
  )
  .join('\n')
const nano = 'openai/gpt-4.1-nano'
const opus = 'anthropic/claude-opus-4.1'
const keys = `  - {name: all, key: ${callerSecret}}
  - {name: narrow, key: tg-narrow, models: ["${nano}", "gpt-4.1*", "claude-haiku*"]}`

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({ upstream: upstream.url, providers, keys })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})
beforeEach(() => upstream.answers(httpAnswer(`{"id":"x","object":"chat.completion","model":"${opus}","choices":[]}`)))

interface Said {
  readonly status: number
  readonly code: string
  readonly message: string
  /** How many requests went upstream. */
  readonly sent: number
}

async function ask(key: string, method: string, path: string, body?: object): Promise<Said> {
  const before = upstream.requests.length
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${stack.url}${path}`, {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { error } = (await answer.json()) as { readonly error?: { readonly code?: string; readonly message: string } }
  const { code = '', message = '' } = error ?? {}
  return { status: answer.status, code, message, sent: upstream.requests.length - before }
}

const hello = [{ role: 'user', content: 'Hello' }]
const chat = { path: '/v1/chat/completions', body: { model: nano, messages: hello } }
const image = { type: 'image_generation', model: 'gpt-image-1.5' }
const advisor = { type: 'advisor_20260301', name: 'advisor', model: 'claude-opus-4-1' }

/** What a narrow key may not say, and which model it would have had. */
const reaching = [
  { ...chat, more: { models: [opus] }, named: opus },
  { ...chat, more: { models: [nano, opus], route: 'fallback' }, named: opus },
  { ...chat, more: { fallbacks: [{ model: opus }] }, named: opus },
  { ...chat, more: { plugins: [{ id: 'fusion', analysis_models: [opus] }] }, named: opus },
  { ...chat, more: { route: 'fallback' }, named: 'has the provider choose' },
  { ...chat, more: { preset: 'dearest' }, named: 'has the provider choose' },
  { path: '/v1/responses', body: { model: 'gpt-4.1', input: 'A cat' }, more: { tools: [image] }, named: image.model },
  {
    ...{ path: '/v1/messages', body: { model: 'claude-haiku-4-5', max_tokens: 9, messages: hello } },
    ...{ more: { tools: [advisor] }, named: advisor.model },
  },
]

for (const { path, body, more, named } of reaching) {
  test(`a key for some models is held to them within the body: ${JSON.stringify(more)}`, async () => {
    const turned = await ask('tg-narrow', 'POST', path, { ...body, ...more })
    assert.deepEqual([turned.status, turned.sent], [403, 0])
    assert.ok(turned.message.includes(named), turned.message)
    const entry = (await stack.ledger()).at(-1)
    assert.deepEqual([entry?.outcome, entry?.errorCode], ['refused', 'model_not_allowed'])
    assert.equal((await ask('tg-narrow', 'POST', path, body)).sent, 1, 'without them it is served')
    assert.equal((await ask(callerSecret, 'POST', path, { ...body, ...more })).sent, 1, 'a key for all is not asked')
  })
}

test('models that the key is for may be named anywhere', async () => {
  const said = await ask('tg-narrow', 'POST', chat.path, { ...chat.body, models: [nano], plugins: [{ id: 'web' }] })
  assert.deepEqual([said.status, said.sent], [200, 1])
})

test('a key for some models deletes none, and looks at its own only', async () => {
  const tuned = '/v1/models/ft:gpt-4o:acme:prod:abc'
  const own = '/v1/models/gpt-4.1-mini'
  for (const path of [tuned, own, tuned.replaceAll(':', '%3A')]) {
    const { status, code, sent } = await ask('tg-narrow', 'DELETE', path)
    assert.deepEqual([status, code, sent], [403, 'endpoint_not_allowed', 0], path)
  }
  for (const path of [tuned, '/v1beta/models/gemini-2.5-pro', '/v1beta/tunedModels/house']) {
    const { status, sent } = await ask('tg-narrow', 'GET', path)
    assert.deepEqual([status, sent], [403, 0], path)
  }
  for (const path of [own, '/v1/models']) assert.equal((await ask('tg-narrow', 'GET', path)).sent, 1, path)
  assert.equal((await ask(callerSecret, 'DELETE', tuned)).sent, 1)
})
