import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { ApiError, GoogleGenAI } from '@google/genai'
import { APICallError, generateText } from 'ai'
import OpenAI from 'openai'
import { booked } from '#test/support/booked.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack

const narrowSecret = 'tg-narrow-5ecre7'

before(async () => {
  stack = await startStack({
    keys: [
      `  - {name: team, key: ${callerSecret}, attribution: {department: engineering}}`,
      `  - {name: narrow, key: ${narrowSecret}, models: ["gpt-4.1-nano"], attribution: {department: engineering}}`,
      `  - {name: old, key: tg-old-5ecre7, expires: 2020-01-01}`,
    ].join('\n'),
  })
})
after(() => stack.stop())

const hello = [{ role: 'user' as const, content: 'Hello' }]
const openai = (apiKey = stack.key) => new OpenAI({ apiKey, baseURL: `${stack.url}/v1`, maxRetries: 0 })
const anthropic = (apiKey = stack.key) => new Anthropic({ apiKey, baseURL: stack.url, maxRetries: 0 })
const google = (apiKey = stack.key) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: stack.url } })

type Asked = { readonly model?: string; readonly key?: string; readonly simulate?: string }

const headersOf = (simulate?: string) => (simulate === undefined ? {} : { headers: { 'x-simulate': simulate } })

/** The same call in each API. */
const ask = {
  openai: ({ model = 'gpt-4.1', key, simulate }: Asked) =>
    openai(key).chat.completions.create({ model, messages: hello }, headersOf(simulate)),
  anthropic: ({ model = 'claude-haiku-4-5', key, simulate }: Asked) =>
    anthropic(key).messages.create({ model, max_tokens: 50, messages: hello }, headersOf(simulate)),
  google: ({ model = 'gemini-2.5-flash', key, simulate }: Asked) =>
    google(key).models.generateContent({ model, contents: 'Hello', config: { httpOptions: headersOf(simulate) } }),
}

const refused = { outcome: 'refused', usageSource: 'none', attempts: 0 } as const
const failed = { outcome: 'failed', usageSource: 'none' } as const

test('Anthropic’s SDK finds the id of a call that is refused here', async () => {
  await assert.rejects(ask.anthropic({ key: 'tg-nobody' }), (fault) => {
    assert.ok(fault instanceof Anthropic.AuthenticationError)
    assert.match(fault.requestID ?? '', /^[0-9A-Z]{26}$/)
    assert.equal((fault.error as { request_id?: string }).request_id, fault.requestID)
    return true
  })
})

test('an unknown, an expired and a missing key', async () => {
  const before = (await stack.ledger()).length
  for (const key of ['tg-nobody', 'tg-old-5ecre7']) {
    await assert.rejects(ask.openai({ key }), (fault) => {
      assert.ok(fault instanceof OpenAI.AuthenticationError)
      assert.deepEqual([fault.status, fault.code, fault.type], [401, 'invalid_api_key', 'authentication_error'])
      return true
    })
    await assert.rejects(ask.anthropic({ key }), (fault) => {
      assert.ok(fault instanceof Anthropic.AuthenticationError)
      assert.equal(fault.type, 'authentication_error')
      return true
    })
    await assert.rejects(ask.google({ key }), (fault) => {
      assert.ok(fault instanceof ApiError && fault.status === 401)
      assert.equal(JSON.parse(fault.message).error.status, 'UNAUTHENTICATED')
      return true
    })
  }
  const bare = await fetch(`${stack.url}/v1/chat/completions`, { method: 'POST', body: '{}' })
  assert.equal(bare.status, 401)
  assert.equal((await stack.ledger()).length, before, 'what strangers send is not in the ledger')
})

test('an unknown model is answered with close ones', async () => {
  const expected = { ...refused, statusCode: 404, errorCode: 'model_not_found' }
  await booked(stack, { ...expected, endpoint: 'chat.completions' }, () =>
    assert.rejects(ask.openai({ model: 'gtp-4.1-mini' }), (fault) => {
      assert.ok(fault instanceof OpenAI.NotFoundError)
      assert.deepEqual([fault.code, fault.param], ['model_not_found', 'model'])
      assert.match(fault.message, /"gpt-4\.1-mini"/)
      return true
    }),
  )
  await booked(stack, { ...expected, endpoint: 'messages' }, () =>
    assert.rejects(ask.anthropic({ model: 'cluade-haiku-4-5' }), (fault) => {
      assert.ok(fault instanceof Anthropic.NotFoundError)
      assert.match(fault.message, /claude-haiku-4-5/)
      return true
    }),
  )
  await booked(stack, { ...expected, endpoint: 'generateContent' }, () =>
    assert.rejects(ask.google({ model: 'gemni-2.5-flash' }), (fault) => {
      assert.ok(fault instanceof ApiError && fault.status === 404)
      assert.match(fault.message, /gemini-2\.5-flash/)
      return true
    }),
  )
})

test('a model that the key may not use', async () => {
  const expected = { ...refused, statusCode: 403, errorCode: 'model_not_allowed' }
  const key = narrowSecret
  await booked(stack, { ...expected, endpoint: 'chat.completions' }, () =>
    assert.rejects(
      ask.openai({ key }),
      (fault) => fault instanceof OpenAI.PermissionDeniedError && fault.code === 'model_not_allowed',
    ),
  )
  await booked(stack, { ...expected, endpoint: 'messages' }, () =>
    assert.rejects(ask.anthropic({ key }), Anthropic.PermissionDeniedError),
  )
  await booked(stack, { ...expected, endpoint: 'generateContent' }, () =>
    assert.rejects(ask.google({ key }), (fault) => fault instanceof ApiError && fault.status === 403),
  )
  await booked(stack, { endpoint: 'chat.completions' }, () => ask.openai({ key, model: 'gpt-4.1-nano' }))
})

test('a body that is no JSON, and one that is not right', async () => {
  const post = (path: string, body: string) =>
    fetch(`${stack.url}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    })
  const broken = { ...refused, statusCode: 400, errorCode: 'invalid_json' }
  for (const [path, endpoint, said] of [
    ['/v1/chat/completions', 'chat.completions', (body: string) => JSON.parse(body).error.code],
    ['/v1/messages', 'messages', (body: string) => JSON.parse(body).error.type],
    [
      '/v1beta/models/gemini-2.5-flash:generateContent',
      'generateContent',
      (body: string) => JSON.parse(body).error.status,
    ],
  ] as const) {
    const { answer } = await booked(stack, { ...broken, endpoint }, async () => {
      const response = await post(path, '{"model": "gpt-4.1", "messages": [}')
      return [response.status, said(await response.text())]
    })
    const word = {
      'chat.completions': 'invalid_json',
      messages: 'invalid_request_error',
      generateContent: 'INVALID_ARGUMENT',
    }
    assert.deepEqual(answer, [400, word[endpoint]])
  }
  // What only the provider can judge is the provider's to refuse, in its own words.
  await booked(
    stack,
    { ...failed, endpoint: 'chat.completions', statusCode: 400, errorCode: 'missing_required_parameter' },
    () => assert.rejects(openai().chat.completions.create({ model: 'gpt-4.1', messages: [] }), OpenAI.BadRequestError),
  )
})

test('a provider that refuses for a while is asked again, and the caller sees nothing of it', async () => {
  const simulate = 'status=429 times=2 key=patience-'
  await booked(stack, { endpoint: 'chat.completions', attempts: 3 }, () => ask.openai({ simulate: `${simulate}o` }))
  await booked(stack, { endpoint: 'messages', attempts: 3 }, () => ask.anthropic({ simulate: `${simulate}a` }))
  await booked(stack, { endpoint: 'generateContent', attempts: 3 }, () => ask.google({ simulate: `${simulate}g` }))
})

test('a provider that goes on refusing is heard', async () => {
  const expected = { ...failed, attempts: 3 }
  const slow = { ...expected, statusCode: 429 }
  const simulate = 'status=429'
  await booked(stack, { ...slow, endpoint: 'chat.completions', errorCode: 'rate_limit_exceeded' }, () =>
    assert.rejects(ask.openai({ simulate }), OpenAI.RateLimitError),
  )
  await booked(stack, { ...slow, endpoint: 'messages', errorCode: 'rate_limit_error' }, () =>
    assert.rejects(ask.anthropic({ simulate }), Anthropic.RateLimitError),
  )
  await booked(stack, { ...slow, endpoint: 'generateContent', errorCode: 'RESOURCE_EXHAUSTED' }, () =>
    assert.rejects(ask.google({ simulate }), (fault) => fault instanceof ApiError && fault.status === 429),
  )
  await booked(stack, { ...expected, endpoint: 'chat.completions', statusCode: 500, errorCode: 'server_error' }, () =>
    assert.rejects(ask.openai({ simulate: 'status=500' }), OpenAI.InternalServerError),
  )
  await booked(stack, { ...expected, endpoint: 'messages', statusCode: 529, errorCode: 'overloaded_error' }, () =>
    assert.rejects(ask.anthropic({ simulate: 'status=529' }), Anthropic.InternalServerError),
  )
})

test('the SDK of Vercel sees the same errors', async () => {
  const model = createOpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1` }).chat('gtp-4.1')
  await assert.rejects(generateText({ model, prompt: 'Hello', maxRetries: 0 }), (fault) => {
    assert.ok(APICallError.isInstance(fault))
    assert.deepEqual([fault.statusCode, fault.isRetryable], [404, false])
    return true
  })
})

test('an error in the middle of a stream', async () => {
  const headers = { 'x-simulate': 'error=6' }
  const expected = { outcome: 'failed', stream: true, usageSource: 'estimated', sameCost: false } as const
  const read = async (stream: AsyncIterable<unknown>) => {
    for await (const event of stream) assert.ok(event)
  }
  const chat = await booked(stack, { ...expected, endpoint: 'chat.completions', errorCode: 'server_error' }, () =>
    assert.rejects(
      async () =>
        read(await openai().chat.completions.create({ model: 'gpt-4.1', messages: hello, stream: true }, { headers })),
      OpenAI.APIError,
    ),
  )
  assert.ok(chat.entry.tokens.output > 0)
  await booked(stack, { ...expected, endpoint: 'messages', errorCode: 'overloaded_error' }, () =>
    assert.rejects(
      anthropic()
        .messages.stream({ model: 'claude-haiku-4-5', max_tokens: 100, messages: hello }, { headers })
        .finalMessage(),
      (fault) => fault instanceof Anthropic.APIError && /Overloaded/.test(fault.message),
    ),
  )
})

test('a provider that breaks off in the middle of a stream', async () => {
  const headers = { 'x-simulate': 'reset=4' }
  const expected = {
    ...({ outcome: 'failed', stream: true, usageSource: 'estimated', sameCost: false } as const),
    errorCode: 'upstream_reset',
  }
  await booked(stack, { ...expected, endpoint: 'chat.completions' }, () =>
    assert.rejects(
      openai().chat.completions.stream({ model: 'gpt-4.1', messages: hello }, { headers }).finalChatCompletion(),
      OpenAI.APIError,
    ),
  )
  await booked(stack, { ...expected, endpoint: 'responses' }, () =>
    assert.rejects(openai().responses.stream({ model: 'gpt-4.1', input: 'Hello' }, { headers }).finalResponse()),
  )
  await booked(stack, { ...expected, endpoint: 'messages' }, () =>
    assert.rejects(
      anthropic()
        .messages.stream({ model: 'claude-haiku-4-5', max_tokens: 100, messages: hello }, { headers })
        .finalMessage(),
      Anthropic.APIError,
    ),
  )
})

test('a Gemini stream that breaks off', async () => {
  const expected = { endpoint: 'generateContent', stream: true, outcome: 'failed', sameCost: false } as const
  const config = { httpOptions: headersOf('reset=4') }
  const { entry } = await booked(stack, { ...expected, usageSource: 'estimated', errorCode: 'upstream_reset' }, () =>
    assert.rejects(async () => {
      const stream = await google().models.generateContentStream({
        model: 'gemini-2.5-flash',
        contents: 'Hello',
        config,
      })
      for await (const chunk of stream) assert.ok(chunk)
    }, ApiError),
  )
  assert.ok(entry.tokens.output > 0)
})

test('a key in any of its places, in any of the APIs', async () => {
  const carriers = [
    { authorization: `Bearer ${stack.key}` },
    { 'x-api-key': stack.key },
    { 'x-goog-api-key': stack.key },
  ]
  const calls = [
    ['/v1/chat/completions', { model: 'gpt-4.1', messages: hello }],
    ['/v1/messages', { model: 'claude-haiku-4-5', max_tokens: 9, messages: hello }],
    ['/v1beta/models/gemini-2.5-flash:generateContent', { contents: [{ parts: [{ text: 'Hello' }] }] }],
  ] as const
  for (const [path, body] of calls) {
    const send = async (query: string, headers: Record<string, string>) => {
      const init = {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }
      return (await fetch(`${stack.url}${path}${query}`, init)).status
    }
    for (const carrier of carriers) assert.equal(await send('', carrier as Record<string, string>), 200, path)
    assert.equal(await send(`?key=${stack.key}`, {}), 200, path)
    assert.equal(await send('', {}), 401, path)
  }
})
