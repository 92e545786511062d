import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import { booked } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

/** One provider for the models of all vendors, as it serves where nothing is configured. */
const providers = '  - {name: simulated, kind: simulated, base_url: "${SIMULATOR}"}'

let stack: Stack
let openai: OpenAI

before(async () => {
  stack = await startStack({ providers })
  openai = new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1` })
})
after(() => stack.stop())

const chat = { endpoint: 'chat.completions' } as const
const messages = [{ role: 'user' as const, content: 'Hello' }]

test('Gemini over chat completions is booked with its thinking, which shows in the total alone', async () => {
  const model = 'gemini-2.5-flash'
  const { answer, entry } = await booked(stack, chat, () => openai.chat.completions.create({ model, messages }))
  const { prompt_tokens, completion_tokens, total_tokens } = answer.usage ?? assert.fail()
  assert.ok(total_tokens > prompt_tokens + completion_tokens)
  assert.equal(entry.tokens.output, total_tokens - prompt_tokens)
  await booked(stack, { ...chat, stream: true }, async () => {
    for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  })
})

test('what an answer has no word for is not on the bill', async () => {
  const headers = { 'x-simulate': 'cached=900 input=2000' }
  for (const model of ['gemini-2.5-pro', 'claude-sonnet-4-5', 'gpt-4.1']) {
    const { entry } = await booked(stack, chat, () => openai.chat.completions.create({ model, messages }, { headers }))
    assert.equal(entry.tokens.cachedInput, model === 'gpt-4.1' ? 900 : 0)
  }
})

test('a long prompt that comes twice is booked as it is billed', async () => {
  const long = [{ role: 'user' as const, content: 'All work and no play makes Jack a dull boy. '.repeat(400) }]
  for (const model of ['gemini-2.5-flash', 'claude-sonnet-4-5', 'deepseek-chat', 'gpt-4.1']) {
    await booked(stack, chat, () => openai.chat.completions.create({ model, messages: long }))
    await booked(stack, chat, () => openai.chat.completions.create({ model, messages: long }))
  }
})
