import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callBounds } from './call-bounds.ts'
import { matchEndpoint } from './endpoints.ts'
import { mostContextTokens, mostOutputTokens, mostPictureTokens, thinksUnseen } from './model-limits.ts'
import { readRequest } from './requests/read-request.ts'

function bound(path: string, body: Record<string, unknown>) {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null)
  const text = Buffer.from(JSON.stringify(body))
  const reading = readRequest({ match, contentType: '', body: text })
  if (reading.kind === 'refused') assert.fail(reading.message)
  const { facts, reach } = reading
  const call = { match, facts, reach, upstream: 'up', vendor: 'v', model: facts.model ?? '', atMs: 0 }
  return { ...callBounds(call), bytes: text.length }
}

const chat = '/v1/chat/completions'
const ask = [{ role: 'user', content: 'Hi' }]

test('a plain call is bounded by its bytes and its limit', () => {
  const { bounds, bytes, hiddenOutput, answers } = bound(chat, {
    model: 'gpt-4.1',
    messages: ask,
    max_tokens: 100,
    n: 2,
  })
  assert.ok(bounds.inputTokens !== null && bounds.inputTokens >= bytes && bounds.inputTokens < bytes + 100)
  assert.deepEqual([bounds.outputTokens, answers, hiddenOutput], [200, 2, false])
  assert.deepEqual([bounds.units, bounds.tiers, bounds.geos], [{}, [], []])
})

test('without a limit the model decides', () => {
  const most = (model: string) => bound(chat, { model, messages: ask }).answerTokens
  const known = {
    'gpt-4.1-mini': 32_768,
    'ft:gpt-4o-mini-2024-07-18:acme::x': 16_384,
    'openai/gpt-5-mini': 128_000,
    'gpt-5-pro': 272_000,
    'gpt-4': 8_192,
    'gpt-4-0613': 8_192,
    'o3-mini': 100_000,
    'claude-3-5-haiku-latest': 8_192,
    'claude-opus-4-1-20250805': 32_000,
    'claude-opus-4-20250514': 32_000,
    'claude-sonnet-4-5': 64_000,
    'claude-sonnet-4-5-20250929': 64_000,
    'claude-opus-4-6': 128_000,
    'claude-opus-5-5': 128_000,
    'gemini-2.0-flash': 8_192,
    'Gemini-2.5-Pro': 65_536,
    'deepseek-v3.2': 65_536,
    'somebody/else-7b:free': 131_072,
  }
  assert.deepEqual(Object.fromEntries(Object.keys(known).map((model) => [model, most(model)])), known)
})

test('a limit beyond what a model can write is none: it writes no more than its context window', () => {
  const most = (model: string, limit: number) => bound(chat, { model, messages: ask, max_tokens: limit }).answerTokens
  assert.equal(most('gpt-4.1', 1e15), mostContextTokens('gpt-4.1'))
  // More than its maker documents, but nothing that it could not write.
  assert.equal(most('gpt-4.1', 40_000), 40_000)
  assert.equal(most('somebody/else-7b:free', 10_000_000), 10_000_000)
})

test('models that think unseen are known, and unknown ones are taken for such', () => {
  const unseen = [
    'gpt-5',
    'o3',
    'gemini-2.5-flash',
    'deepseek-reasoner',
    'claude-fable-5',
    'qwen-9',
    'gpt-4o-audio-preview',
  ]
  const seen = ['gpt-4.1', 'gpt-4o-mini', 'gpt-3.5-turbo', 'claude-sonnet-4-5', 'claude-3-opus-latest', 'deepseek-chat']
  assert.deepEqual([...unseen, ...seen].filter(thinksUnseen), unseen)
})

test('every limit of a name is at least what is left of it for an unknown spelling', () => {
  assert.ok(mostOutputTokens('no-such-model') >= 128_000)
  assert.ok(mostContextTokens('no-such-model') >= mostContextTokens('gemini-2.5-pro'))
  assert.ok(mostPictureTokens('gpt-4o-mini') > mostPictureTokens('gpt-4o'))
})

test('what is not in the body is bounded by the context, once for each pass', () => {
  const stored = bound('/v1/responses', { model: 'gpt-4.1', input: 'Hi', previous_response_id: 'r' })
  assert.equal(stored.bounds.inputTokens, 1_047_576)
  const tools = [{ type: 'web_search' }]
  const searching = bound('/v1/responses', { model: 'gpt-4.1', tools, max_tool_calls: 2, max_output_tokens: 50 })
  assert.equal(searching.bounds.inputTokens, 3 * 1_047_576)
  assert.deepEqual([searching.bounds.units, searching.hiddenOutput], [{ web_search: 2 }, true])
  const endless = bound('/v1/responses', { model: 'gpt-4.1', tools })
  assert.deepEqual([endless.bounds.inputTokens, endless.bounds.outputTokens], [null, null])
  assert.deepEqual(endless.bounds.units, { web_search: null })
  const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }]
  const seen = bound(chat, { model: 'gpt-4.1', messages: picture, max_tokens: 5 }).bounds
  assert.ok(seen.inputTokens !== null && seen.inputTokens > 10_000 && seen.inputTokens < 20_000 && seen.mediaInput)
})

test('calls without output have none, those that make sound or pictures have no bound', () => {
  assert.equal(bound('/v1/embeddings', { model: 'text-embedding-3-small', input: 'x' }).bounds.outputTokens, 0)
  assert.equal(bound('/v1/images/generations', { model: 'gpt-image-1', prompt: 'x' }).bounds.outputTokens, null)
  assert.deepEqual(bound('/v1/audio/speech', { model: 'tts-1', input: 'x' }).bounds.units, { audio_second: null })
})

test('models that search unasked, and calls that another model may answer, have no bound', () => {
  const searching = bound(chat, { model: 'gpt-4o-search-preview', messages: ask }).bounds
  assert.deepEqual([searching.inputTokens, searching.outputTokens, searching.units], [null, null, { web_search: null }])
  const elsewhere = bound(chat, { model: 'gpt-4.1', models: ['o3'], messages: ask }).bounds
  assert.equal(elsewhere.inputTokens, null)
})

test('a body larger than the context is bounded by the context', () => {
  const messages = [{ role: 'user', content: 'word '.repeat(10_000) }]
  assert.equal(bound(chat, { model: 'gpt-4', messages, max_tokens: 5 }).bounds.inputTokens, 8_192)
})

test('the tier that is asked for is one that the call may get', () => {
  const { tiers } = bound(chat, { model: 'gpt-4.1', messages: ask, service_tier: 'priority' }).bounds
  assert.deepEqual(tiers, [{ serviceTier: 'priority', trafficType: undefined, speed: undefined }])
})

test('models that answer after a refusal are bounded each by its own limit, and read what was written before', () => {
  const claude = { model: 'claude-haiku-4-5', messages: ask, max_tokens: 100 }
  const fallbacks = [
    { model: 'claude-opus-4-1', max_tokens: 32_000 },
    { model: 'claude-sonnet-4-5', speed: 'fast' },
  ]
  const plain = bound('/v1/messages', claude)
  const { bounds, hiddenOutput } = bound('/v1/messages', { ...claude, fallbacks })
  const [input, after] = [bounds.inputTokens ?? 0, bounds.after ?? []]
  assert.ok(input >= (plain.bounds.inputTokens ?? 0) && plain.bounds.after === undefined)
  assert.deepEqual(
    after.map(({ modelRouted, inputTokens, outputTokens }) => [modelRouted, inputTokens, outputTokens]),
    [
      ['claude-opus-4-1', input + 100, 32_000],
      ['claude-sonnet-4-5', input + 32_100, 100],
    ],
  )
  // An answer says the speed once, for all of them.
  for (const { tiers } of [bounds, ...after]) assert.ok(tiers.some(({ speed }) => speed === 'fast'))
  // Whatever the first one wrote before it declined is billed, and never shown.
  assert.equal(hiddenOutput, true)
  assert.equal(bound('/v1/messages', { ...claude, fallbacks: [] }).bounds.after, undefined)
})

test('of what nobody bounds no less is assumed than one pass of what is asked for', () => {
  const thread = { type: 'continue', previous_message_id: 'msg_1' }
  const claude = { model: 'claude-sonnet-4-5', messages: ask, max_tokens: 30_000 }
  const { bounds, least, hiddenOutput } = bound('/v1/messages', { ...claude, thread })
  assert.deepEqual([bounds.inputTokens, bounds.outputTokens, hiddenOutput], [null, null, true])
  assert.deepEqual(least, { inputTokens: mostContextTokens('claude-sonnet-4-5'), outputTokens: 30_000 })
  const unsaid = bound(chat, { model: 'gpt-4.1', messages: ask, n: 2, web_search_options: {} })
  assert.equal(unsaid.least.outputTokens, 0)
  assert.ok(unsaid.least.inputTokens >= unsaid.bytes && unsaid.least.inputTokens < unsaid.bytes + 100)
})
