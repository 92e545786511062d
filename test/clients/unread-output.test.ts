import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Asked, httpBytes, type OddAnswers, sse, startOddAnswers } from './odd-answers.ts'

let odd: OddAnswers

before(async () => {
  odd = await startOddAnswers()
})
after(() => odd.stop())

const hello = [{ role: 'user', content: 'Say hello' }]
const text = 'Hello there, and a very good morning to all of you.'
const json = ['content-type: application/json']
const events = ['content-type: text/event-stream']

type Answer = (usage: object) => string

interface Api {
  readonly asked: Asked
  /** With `text` in it. */
  readonly answer: Answer
}

const model = 'gpt-4.1'
const claude = 'claude-sonnet-4-5'
const chatAsked: Asked = { path: '/v1/chat/completions', body: { model, messages: hello } }
const chat: Api = {
  asked: chatAsked,
  answer: (usage) => {
    const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }]
    return httpBytes(JSON.stringify({ model, choices, usage }), json)
  },
}
const chatStream: Api = {
  asked: { path: '/v1/chat/completions', body: { model, messages: hello, stream: true } },
  answer: (usage) => {
    const choices = [{ index: 0, delta: { content: text }, finish_reason: 'stop' }]
    const chunks = [JSON.stringify({ model, choices }), JSON.stringify({ model, choices: [], usage }), '[DONE]']
    return httpBytes(sse(chunks), events)
  },
}
const responses: Api = {
  asked: { path: '/v1/responses', body: { model, input: 'Say hello' } },
  answer: (usage) => {
    const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }]
    return httpBytes(JSON.stringify({ id: 'resp_1', status: 'completed', model, output, usage }), json)
  },
}
const messages: Api = {
  asked: { path: '/v1/messages', body: { model: claude, max_tokens: 64, messages: hello } },
  answer: (usage) => {
    const content = [{ type: 'text', text }]
    return httpBytes(JSON.stringify({ type: 'message', role: 'assistant', model: claude, content, usage }), json)
  },
}
const messageStream: Api = {
  asked: { path: '/v1/messages', body: { model: claude, max_tokens: 64, messages: hello, stream: true } },
  answer: (usage) => {
    const started = { input_tokens: 1000, output_tokens: 1 }
    const parts = [
      { type: 'message_start', message: { id: 'msg_1', model: claude, content: [], usage: started } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
      { type: 'message_stop' },
    ]
    return httpBytes(sse(parts.map((part) => JSON.stringify(part))), events)
  },
}
const gemini: Api = {
  asked: {
    path: '/v1beta/models/gemini-2.5-flash:generateContent',
    body: { contents: [{ parts: [{ text: 'Say hello' }] }] },
  },
  answer: (usageMetadata) => {
    const candidates = [{ content: { parts: [{ text }] }, finishReason: 'STOP' }]
    return httpBytes(JSON.stringify({ candidates, usageMetadata }), json)
  },
}

const unreadable: readonly (readonly [name: string, api: Api, usage: object])[] = [
  ['chat', chat, { prompt_tokens: 1000 }],
  ['chat', chat, { prompt_tokens: 1000, completion_tokens: null }],
  ['chat', chat, { prompt_tokens: 1000, completion_tokens: '5' }],
  ['chat', chat, { prompt_tokens: 1000, completion_tokens: 5.5 }],
  ['chat', chat, { prompt_tokens: 1000, completion_tokens: -5, total_tokens: 995 }],
  ['chat', chat, { prompt_tokens: 1000, total_tokens: 1000 }],
  ['a chat stream', chatStream, { prompt_tokens: 1000 }],
  ['a chat stream', chatStream, { prompt_tokens: 1000, completion_tokens: '5' }],
  ['responses', responses, { input_tokens: 1000 }],
  ['messages', messages, { input_tokens: 1000 }],
  ['a stream of messages', messageStream, {}],
  ['a stream of messages', messageStream, { output_tokens: '5' }],
  ['generateContent', gemini, { promptTokenCount: 1000 }],
]
for (const [name, { asked, answer }, usage] of unreadable) {
  test(`output of ${name} that the report does not count is estimated: ${JSON.stringify(usage)}`, async () => {
    const { entry } = await odd.book(asked, answer(usage))
    assert.deepEqual([entry.outcome, entry.usageSource, entry.tokens.input], ['served', 'estimated', 1000])
    assert.ok(entry.tokens.output >= 8 && entry.tokens.output <= 20, `${entry.tokens.output}`)
    assert.ok(entry.cost.outputPicoUsd > 0n)
  })
}

for (const [name, { asked, answer }, usage] of [
  ['chat', chat, { prompt_tokens: 1000, total_tokens: 1500 }],
  ['chat', chat, { prompt_tokens: 1000, completion_tokens: null, total_tokens: 1500 }],
  ['a chat stream', chatStream, { prompt_tokens: 1000, total_tokens: 1500 }],
  ['responses', responses, { input_tokens: 1000, total_tokens: 1500 }],
] as const) {
  test(`what the total of ${name} leaves is its output: ${JSON.stringify(usage)}`, async () => {
    const { entry } = await odd.book(asked, answer(usage))
    assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['estimated', 1000, 500])
  })
}

test('a part of the output that is counted is the least that the output has', async () => {
  const usage = { prompt_tokens: 1000, completion_tokens: null, completion_tokens_details: { reasoning_tokens: 300 } }
  const { entry } = await odd.book(chat.asked, chat.answer(usage))
  assert.deepEqual([entry.usageSource, entry.tokens.output, entry.tokens.reasoning], ['estimated', 300, 300])
})

test('an output of 0 that is reported stays 0', async () => {
  const { entry } = await odd.book(chat.asked, chat.answer({ prompt_tokens: 1000, completion_tokens: 0 }))
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 1000, 0])
})

test('where no output was delivered, its count is not missed', async () => {
  const answer = { model, choices: [{ index: 0, message: { content: '' } }], usage: { prompt_tokens: 1000 } }
  const { entry } = await odd.book(chatAsked, httpBytes(JSON.stringify(answer), json))
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 1000, 0])
})

test('embeddings have no output to miss', async () => {
  const asked = { path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: 'Say hello' } }
  const data = [{ object: 'embedding', index: 0, embedding: [0.5] }]
  const usage = { prompt_tokens: 10, total_tokens: 10 }
  const answer = { object: 'list', model: 'text-embedding-3-small', data, usage }
  const { entry } = await odd.book(asked, httpBytes(JSON.stringify(answer), json))
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 10, 0])
})

test('where the total is the input there was no output, though the prompt is shown again', async () => {
  const asked = {
    path: '/v1/completions',
    body: { model, prompt: 'Say hello', echo: true, max_tokens: 0, logprobs: 1 },
  }
  const choices = [{ index: 0, text: 'Say hello', finish_reason: 'length' }]
  const usage = { prompt_tokens: 9, total_tokens: 9 }
  const { entry } = await odd.book(asked, httpBytes(JSON.stringify({ model, choices, usage }), json))
  assert.deepEqual([entry.tokens.input, entry.tokens.output, entry.usageSource], [9, 0, 'provider'])
})
