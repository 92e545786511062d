import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { dechunked, rawCall } from '#test/support/raw-call.ts'
import { bodyOf } from '#test/support/raw-upstream.ts'
import { callerSecret } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { type Asked, type Booked, httpBytes, type OddAnswers, sse, startOddAnswers } from './odd-answers.ts'

let odd: OddAnswers

before(async () => {
  odd = await startOddAnswers()
})
after(() => odd.stop())

const hello = [{ role: 'user', content: 'Say hello' }]
const chat = '/v1/chat/completions'
const gemini = '/v1beta/models/gemini-2.5-flash'
const contents = [{ parts: [{ text: 'Say hello' }] }]

/** Each API with an answer that reports 10 tokens of input and 5 of output. */
const wholes: readonly (readonly [name: string, asked: Asked, answer: object])[] = [
  [
    'chat completions',
    { path: chat, body: { model: 'gpt-4.1', messages: hello } },
    {
      model: 'gpt-4.1',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    },
  ],
  [
    'completions',
    { path: '/v1/completions', body: { model: 'gpt-4.1', prompt: 'Say hello' } },
    {
      model: 'gpt-4.1',
      choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 5 },
    },
  ],
  [
    'responses',
    { path: '/v1/responses', body: { model: 'gpt-4.1', input: 'Say hello' } },
    {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'gpt-4.1',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }],
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    },
  ],
  [
    'messages',
    { path: '/v1/messages', body: { model: 'claude-sonnet-4-5', max_tokens: 64, messages: hello } },
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 5 },
    },
  ],
  [
    'generateContent',
    { path: `${gemini}:generateContent`, body: { contents } },
    {
      candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
      modelVersion: 'gemini-2.5-flash',
    },
  ],
]

const chunk = (delta: object, finish: string | null = null) => ({
  model: 'gpt-4.1',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const chatEvents = [
  JSON.stringify(chunk({ content: 'Hi' })),
  JSON.stringify(chunk({}, 'stop')),
  JSON.stringify({ model: 'gpt-4.1', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } }),
  '[DONE]',
]
const chatStream: Asked = {
  path: chat,
  body: { model: 'gpt-4.1', stream: true, stream_options: { include_usage: true }, messages: hello },
}
const geminiStream: Asked = { path: `${gemini}:streamGenerateContent`, body: { contents } }
const geminiChunks = [
  { candidates: [{ content: { parts: [{ text: 'Hi' }] }, index: 0 }], modelVersion: 'gemini-2.5-flash' },
  {
    candidates: [{ content: { parts: [{ text: ' there' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  },
]

function typed(type: string | null): string[] {
  return type === null ? [] : [`content-type: ${type}`]
}

function assertReported({ entry, seen }: Booked, type: string | null): void {
  assert.deepEqual([entry.outcome, entry.usageSource], ['served', 'provider'])
  assert.deepEqual([entry.tokens.input, entry.tokens.output], [10, 5])
  assert.deepEqual(/content-type: (.*)\r\n/i.exec(seen)?.[1] ?? null, type)
}

const types = ['text/plain; charset=utf-8', null, 'application/octet-stream', 'text/json', 'application/x-json']

for (const [name, asked, answer] of wholes) {
  for (const type of types) {
    test(`what ${name} report as ${type ?? 'nothing at all'} is booked as they say it`, async () => {
      const body = ` \n${JSON.stringify(answer)}`
      const booked = await odd.book(asked, httpBytes(body, typed(type)))
      assertReported(booked, type)
      assert.equal(bodyOf(booked.seen), body)
    })
  }
}

const streamTypes = [...types, 'application/json', 'application/stream+json', 'application/x-ndjson']

for (const type of streamTypes) {
  test(`a stream that calls itself ${type ?? 'nothing at all'} is metered as a stream`, async () => {
    const body = `\ufeff: here it comes\n\n${sse(chatEvents)}`
    const booked = await odd.book(chatStream, httpBytes(body, typed(type)))
    assertReported(booked, type)
    assert.ok(booked.seen.includes('data: [DONE]'))
  })
}

for (const type of types) {
  test(`a stream of Gemini in an array that calls itself ${type ?? 'nothing at all'} is metered`, async () => {
    const body = JSON.stringify(geminiChunks)
    const booked = await odd.book(geminiStream, httpBytes(body, typed(type)))
    assertReported(booked, type)
    assert.equal(dechunked(bodyOf(booked.seen)), body)
  })
}

const unfinished = geminiChunks.map(({ candidates: [candidate], ...rest }) => {
  return { ...rest, candidates: [{ content: candidate?.content, index: 0 }] }
})
const arrays: readonly (readonly [name: string, body: string, tokens: readonly number[] | null])[] = [
  ['whose last element is none', `${JSON.stringify(unfinished)}\n`, [10, 5]],
  ['with a byte order mark', `\u00ef\u00bb\u00bf${JSON.stringify(geminiChunks)}`, [10, 5]],
  // As of events: after what ends the answer, nothing that becomes of the connection takes anything from it.
  ['cut after its last element', JSON.stringify(geminiChunks).slice(0, -1), [10, 5]],
  ['of nothing', '[]', null],
  ['of nothing in lines', '[\r\n]\r\n', null],
]
for (const [name, body, tokens] of arrays) {
  test(`an array ${name} is a whole answer, and nothing is put behind it`, async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
    const { seen, entry } = await odd.book(geminiStream, `${head}content-length: ${body.length}\r\n\r\n${body}`)
    assert.equal(dechunked(bodyOf(seen)), body)
    assert.deepEqual([entry.outcome, entry.errorCode], ['served', ''])
    if (tokens !== null) assert.deepEqual([entry.tokens.input, entry.tokens.output], tokens)
    assert.equal(entry.usageSource, tokens === null ? 'estimated' : 'provider')
  })
}

test('an array that breaks off between two elements is closed with the error', async () => {
  const body = JSON.stringify(unfinished).slice(0, -1)
  const { seen, entry } = await odd.book(geminiStream, httpBytes(body, typed('application/json')))
  const elements = JSON.parse(dechunked(bodyOf(seen))) as readonly { readonly error?: object }[]
  assert.equal(elements.length, unfinished.length + 1)
  assert.ok(elements.at(-1)?.error)
  assert.deepEqual([entry.outcome, entry.errorCode], ['failed', 'upstream_bad_answer'])
})

test('such a stream is passed on as it comes', async () => {
  const [first = '', ...others] = chatEvents.map((data) => `data: ${data}\n\n`)
  const rest = others.join('')
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${first.length + rest.length}\r\n\r\n`
  odd.upstream.answers(head, first)
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' }
  const body = JSON.stringify(chatStream.body)
  const response = await fetch(odd.stack.url + chat, { method: 'POST', headers, body })
  assert.ok(response.body)
  let seen = ''
  for await (const part of response.body) {
    seen += Buffer.from(part).toString()
    // The rest is sent only once the first event is there: were it held back, this would wait for ever.
    if (seen === first) odd.upstream.sends(rest)
  }
  assert.equal(seen, first + rest)
})

test('a stream that nobody asked for and that calls itself JSON is read as what it is', async () => {
  const asked = { path: chat, body: { model: 'gpt-4.1', messages: hello } }
  const body = sse(chatEvents)
  const booked = await odd.book(asked, httpBytes(body, typed('application/json')))
  assertReported(booked, 'application/json')
  assert.equal(bodyOf(booked.seen), body)
})

test('a stream of Gemini in events that calls itself JSON is metered', async () => {
  const body = sse(geminiChunks.map((part) => JSON.stringify(part)))
  const asked = { ...geminiStream, path: `${geminiStream.path}?alt=sse` }
  const booked = await odd.book(asked, httpBytes(body, typed('application/json')))
  assertReported(booked, 'application/json')
})

test('a JSON answer to a call for a stream is read whole', async () => {
  const answer = wholes[0]?.[2] ?? {}
  const booked = await odd.book(chatStream, httpBytes(JSON.stringify(answer), typed('text/plain')))
  assertReported(booked, 'text/plain')
  assert.match(booked.seen, /x-tollgate-cost-usd: /)
})

test('a background response whose result comes as text is booked when it is fetched', async () => {
  const job = { id: 'resp_bg', object: 'response', status: 'queued', background: true, model: 'gpt-4.1', usage: null }
  const asked = { path: '/v1/responses', body: { model: 'gpt-4.1', background: true, input: 'Say hello' } }
  await odd.book(asked, httpBytes(JSON.stringify(job), typed('text/plain')))
  const usage = { input_tokens: 10, output_tokens: 5 }
  odd.upstream.answers(httpBytes(JSON.stringify({ ...job, status: 'completed', usage }), typed('text/plain')))
  const headers = ['host: gate', `authorization: Bearer ${callerSecret}`, 'connection: close']
  await rawCall(odd.stack.url, `GET /v1/responses/resp_bg HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  const entry = await until('the record of the job', async () => {
    return (await odd.stack.ledger()).find(({ marks }) => marks.includes('background_job')) ?? null
  })
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 10, 5])
})

test('a call for a stream that gets no byte of an answer is told so', async () => {
  const asked = { path: chat, body: chatStream.body }
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'
  for (const blank of ['', '3\r\n\n \n\r\n']) {
    const { seen, entry } = await odd.book(asked, head, `${blank}no chunk\r\n`)
    assert.match(seen, /^HTTP\/1\.1 502 /)
    assert.match(seen, /"error"/)
    assert.deepEqual([entry.outcome, entry.errorCode], ['failed', 'upstream_bad_answer'])
  }
})
