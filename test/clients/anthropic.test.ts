import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { weatherParameters } from '#test/simulator/running.ts'
import { booked } from '#test/support/booked.ts'
import { type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack
let anthropic: Anthropic

before(async () => {
  stack = await startStack()
  anthropic = new Anthropic({ apiKey: stack.key, baseURL: stack.url })
})
after(() => stack.stop())

const messages = { endpoint: 'messages' } as const
const streamed = { ...messages, stream: true }
const hello = [{ role: 'user' as const, content: 'Hello' }]
const base = { model: 'claude-haiku-4-5', max_tokens: 500, messages: hello }
const tool = { name: 'get_weather', input_schema: weatherParameters }

test('a message', async () => {
  const { answer, entry, billed } = await booked(stack, messages, () => anthropic.messages.create(base))
  assert.equal(answer.stop_reason, 'end_turn')
  assert.equal(answer.id, billed?.id)
  assert.equal(entry.tokens.output, answer.usage.output_tokens)
  assert.equal(entry.call.upstream, 'anthropic')
})

test('a base URL that ends in /v1', async () => {
  const client = new Anthropic({ apiKey: stack.key, baseURL: `${stack.url}/v1` })
  await booked(stack, messages, () => client.messages.create(base))
})

test('a stream', async () => {
  const { answer, entry } = await booked(stack, streamed, () => anthropic.messages.stream(base).finalMessage())
  assert.equal(answer.stop_reason, 'end_turn')
  assert.equal(entry.tokens.output, answer.usage.output_tokens)
})

test('thinking is part of the output', async () => {
  const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
  const ask = { ...base, max_tokens: 2000, thinking }
  // The API does not say how many of the output tokens are thinking.
  const calls = [
    [false, () => anthropic.messages.create(ask)],
    [true, () => anthropic.messages.stream(ask).finalMessage()],
  ] as const
  for (const [stream, call] of calls) {
    const expected = { ...messages, stream, sameCost: false }
    const { answer, entry, billed } = await booked<Anthropic.Message>(stack, expected, call)
    assert.equal(answer.content[0]?.type, 'thinking')
    assert.equal(entry.tokens.output, billed?.counts.outputTokens)
    assert.equal(entry.cost.totalPicoUsd, billed?.costPicoUsd)
  }
})

test('a tool, whole and streamed', async () => {
  const ask = { ...base, tools: [tool], tool_choice: { type: 'any' as const } }
  const whole = await booked(stack, messages, () => anthropic.messages.create(ask))
  const piecemeal = await booked(stack, streamed, () => anthropic.messages.stream(ask).finalMessage())
  const [block] = whole.answer.content
  const [other] = piecemeal.answer.content
  assert.ok(block?.type === 'tool_use' && other?.type === 'tool_use')
  assert.deepEqual(other.input, block.input)
})

test('a web search is billed beside the tokens', async () => {
  const tools = [{ type: 'web_search_20250305' as const, name: 'web_search' as const }]
  const whole = await booked(stack, messages, () => anthropic.messages.create({ ...base, tools }))
  assert.equal(whole.entry.units['web_search'], 1)
  assert.equal(whole.entry.cost.otherPicoUsd, 10_000_000_000n)
  await booked(stack, streamed, () => anthropic.messages.stream({ ...base, tools }).finalMessage())
})

test('a cache written for 5 minutes and for an hour, then read', async () => {
  const long = (topic: string, ttl: '5m' | '1h') => ({
    ...{ type: 'text' as const, text: `${topic} `.repeat(2000) },
    cache_control: { type: 'ephemeral' as const, ttl },
  })
  const ask = {
    ...base,
    system: [long('rules of the road', '1h')],
    messages: [
      { role: 'user' as const, content: [long('the story so far', '5m'), { type: 'text' as const, text: 'Go on' }] },
    ],
  }
  const first = (await booked(stack, messages, () => anthropic.messages.create(ask))).entry
  assert.ok(first.tokens.cacheWrite1h > 1024 && first.tokens.cacheWrite5m > 1024 && first.cost.cacheWritePicoUsd > 0n)
  const second = (await booked(stack, streamed, () => anthropic.messages.stream(ask).finalMessage())).entry
  assert.equal(second.tokens.cachedInput, first.tokens.cacheWrite1h + first.tokens.cacheWrite5m)
  assert.ok(second.cost.cachedInputPicoUsd > 0n)
})

test('a picture, and its tokens counted for nothing', async () => {
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' }
  const content = [{ type: 'image' as const, source }, ...[{ type: 'text' as const, text: 'What is this?' }]]
  const ask = { model: 'claude-haiku-4-5', messages: [{ role: 'user' as const, content }] }
  const free = { endpoint: 'messages.count_tokens', usageSource: 'none' } as const
  const counted = await booked(stack, free, () => anthropic.messages.countTokens(ask))
  // The API does not say how much of its input is pictures.
  const asked = await booked(stack, { ...messages, sameCost: false }, () =>
    anthropic.messages.create({ ...ask, max_tokens: 4 }),
  )
  assert.equal(asked.entry.tokens.input, counted.answer.input_tokens)
  assert.equal(asked.entry.cost.totalPicoUsd, asked.billed?.costPicoUsd)
})

test('models and batches', async () => {
  const models = { endpoint: 'models', usageSource: 'none' } as const
  const page = await booked(stack, models, () => anthropic.models.list())
  assert.ok(page.answer.data.some((model) => model.id.startsWith('claude-haiku-4-5')))
  await booked(stack, models, () => anthropic.models.retrieve('claude-haiku-4-5'))
  const batches = { endpoint: 'messages.batches', usageSource: 'none' } as const
  const requests = [{ custom_id: 'one', params: base }]
  const made = await booked(stack, { ...batches, sameCost: false }, () =>
    anthropic.messages.batches.create({ requests }),
  )
  const ended = await booked(stack, batches, () => anthropic.messages.batches.retrieve(made.answer.id))
  assert.equal(ended.answer.request_counts.succeeded, 1)
  await booked(stack, batches, () => anthropic.messages.batches.list())
})
