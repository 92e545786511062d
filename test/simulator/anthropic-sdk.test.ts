import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { lastBilled, startSimulator, weatherParameters } from './running.ts'

let simulator: RunningSimulator
let anthropic: Anthropic

before(async () => {
  simulator = await startSimulator()
  anthropic = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.address, maxRetries: 0 })
})
after(() => simulator.close())

const base = { model: 'claude-sonnet-4-5', max_tokens: 500 }
const hello = [{ role: 'user' as const, content: 'Hello' }]
const tool = { name: 'get_weather', input_schema: weatherParameters }

test('a message and its stream say the same and report the same', async () => {
  const whole = await anthropic.messages.create({ ...base, messages: hello })
  const streamed = await anthropic.messages.stream({ ...base, messages: hello }).finalMessage()
  assert.deepEqual(streamed.content, whole.content)
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens)
  assert.equal(streamed.stop_reason, 'end_turn')
  const billed = await lastBilled(simulator.address)
  assert.equal(billed.id, streamed.id)
  assert.equal(billed.counts['outputTokens'], whole.usage.output_tokens)
})

test('thinking comes first and is part of the output', async () => {
  const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
  const answer = await anthropic.messages
    .stream({ ...base, max_tokens: 2000, thinking, messages: hello })
    .finalMessage()
  assert.deepEqual(
    answer.content.map((block) => block.type),
    ['thinking', 'text'],
  )
  const { counts } = await lastBilled(simulator.address)
  assert.ok((counts['reasoningTokens'] ?? 0) > 0 && answer.usage.output_tokens === counts['outputTokens'])
})

test('tools are called, whole and streamed', async () => {
  const ask = { ...base, messages: hello, tools: [tool], tool_choice: { type: 'any' as const } }
  const whole = await anthropic.messages.create(ask)
  const streamed = await anthropic.messages.stream(ask).finalMessage()
  const [block] = whole.content
  assert.ok(block?.type === 'tool_use')
  assert.deepEqual(Object.keys(block.input as object), ['location', 'unit'])
  assert.equal(streamed.stop_reason, 'tool_use')
  assert.deepEqual(streamed.content[0]?.type === 'tool_use' && streamed.content[0].input, block.input)
})

test('web searches are made and counted', async () => {
  const tools = [{ type: 'web_search_20250305' as const, name: 'web_search' as const }]
  const answer = await anthropic.messages.stream({ ...base, messages: hello, tools }).finalMessage()
  assert.deepEqual(
    answer.content.map((block) => block.type),
    ['server_tool_use', 'web_search_tool_result', 'text'],
  )
  assert.equal(answer.usage.server_tool_use?.web_search_requests, 1)
  assert.equal((await lastBilled(simulator.address)).counts['webSearches'], 1)
})

test('marked prompts are written to the cache by life time, then read', async () => {
  const long = (topic: string, ttl: '5m' | '1h') => ({
    ...{ type: 'text' as const, text: `${topic} `.repeat(1000) },
    cache_control: { type: 'ephemeral' as const, ttl },
  })
  const ask = () =>
    anthropic.messages.create({
      ...base,
      system: [long('rules of the road', '1h')],
      messages: [{ role: 'user', content: [long('the story so far', '5m'), { type: 'text', text: 'Go on' }] }],
    })
  const first = (await ask()).usage
  assert.ok((first.cache_creation?.ephemeral_1h_input_tokens ?? 0) > 1024)
  assert.ok((first.cache_creation?.ephemeral_5m_input_tokens ?? 0) > 1024)
  assert.equal(first.cache_read_input_tokens, 0)
  const second = (await ask()).usage
  assert.equal(second.cache_read_input_tokens, first.cache_creation_input_tokens)
  assert.equal(second.input_tokens, first.input_tokens)
  const { counts } = await lastBilled(simulator.address)
  assert.equal(counts['inputTokens'], second.input_tokens + (second.cache_read_input_tokens ?? 0))
})

test('pictures are taken, tokens counted, a limit ends the text', async () => {
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' }
  const content = [{ type: 'image' as const, source }, ...[{ type: 'text' as const, text: 'What is this?' }]]
  const counted = await anthropic.messages.countTokens({
    model: 'claude-haiku-4-5',
    messages: [{ role: 'user', content }],
  })
  const answer = await anthropic.messages.create({
    ...{ model: 'claude-haiku-4-5', max_tokens: 4 },
    messages: [{ role: 'user', content }],
  })
  assert.equal(answer.usage.input_tokens, counted.input_tokens)
  assert.equal(answer.stop_reason, 'max_tokens')
  assert.equal(answer.usage.output_tokens, 4)
})

test('models and batches', async () => {
  const page = await anthropic.models.list()
  assert.ok(page.data.some((model) => model.id.startsWith('claude-sonnet-4-5')))
  const params = { ...base, messages: hello }
  const batch = await anthropic.messages.batches.create({ requests: [{ custom_id: 'one', params }] })
  const ended = await anthropic.messages.batches.retrieve(batch.id)
  assert.equal(ended.request_counts.succeeded, 1)
})

test('errors come as the SDK knows them', async () => {
  const ask = (model: string, options = {}) => anthropic.messages.create({ ...base, model, messages: hello }, options)
  await assert.rejects(ask('claude-0'), Anthropic.NotFoundError)
  await assert.rejects(anthropic.withOptions({ apiKey: 'invalid' }).models.list(), Anthropic.AuthenticationError)
  const overloaded = ask(base.model, { headers: { 'x-simulate': 'status=529' } })
  await assert.rejects(overloaded, (fault) => fault instanceof Anthropic.APIError && fault.status === 529)
  const broken = anthropic.messages
    .stream({ ...base, messages: hello }, { headers: { 'x-simulate': 'error=5' } })
    .finalMessage()
  await assert.rejects(broken, /Overloaded/)
})
