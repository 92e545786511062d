import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatUsd } from '#core/money/usd-text.ts'
import { type Asked, httpBytes, type OddAnswers, sse, startOddAnswers } from './odd-answers.ts'

let odd: OddAnswers

before(async () => {
  odd = await startOddAnswers([
    ['anthropic', 'claude-*'],
    ['google', 'gemini-*'],
    ['openai-compatible', '*'],
  ])
})
after(() => odd.stop())

interface Wanted {
  readonly usd: string
  readonly marks?: readonly string[]
  readonly units?: Readonly<Record<string, number>>
  readonly head?: readonly string[]
}

/** What a vendor answers, whole or in events, and what the ledger has of it. */
async function books(asked: Asked, answer: object, { usd, marks = [], units = {}, head = [] }: Wanted): Promise<void> {
  const streamed = Array.isArray(answer)
  const body = streamed ? sse(answer.map((event) => JSON.stringify(event))) : JSON.stringify(answer)
  const headers = [`content-type: ${streamed ? 'text/event-stream' : 'application/json'}`, ...head]
  const { entry } = await odd.book(asked, httpBytes(body, headers))
  assert.deepEqual([formatUsd(entry.cost.totalPicoUsd), entry.marks], [usd.padEnd(14, '0'), marks])
  assert.deepEqual({ ...entry.units }, units)
  assert.equal(entry.cost.unpriced, marks.includes('unpriced'))
}

const text = 'Hello there'
const chat = (model: string, usage: object, message: object = {}) => ({
  ...{ id: 'c-1', object: 'chat.completion', model, usage },
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text, ...message } }],
})
const asksChat = (model: string, more: object = {}): Asked => ({
  path: '/v1/chat/completions',
  body: { model, messages: [{ role: 'user', content: 'Hi' }], ...more },
})
const counted = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }

const gemini = (usageMetadata: object, more: object = {}) => ({
  modelVersion: 'gemini-2.5-flash',
  candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }],
  usageMetadata,
  ...more,
})
const asksGemini = (more: object = {}, model = 'gemini-2.5-flash'): Asked => ({
  path: `/v1beta/models/${model}:generateContent`,
  body: { contents: [{ parts: [{ text: 'Hi' }] }], ...more },
})
const geminiCounted = { promptTokenCount: 1000, candidatesTokenCount: 100, totalTokenCount: 1100 }

test('Gemini tells the tier in the head of its answer: flex costs half', async () => {
  const head = ['x-gemini-service-tier: flex']
  await books(asksGemini({ serviceTier: 'flex' }), gemini(geminiCounted), { usd: '0.000275', head })
  const dear = { usd: '0.00055', head: ['x-gemini-service-tier: priority'], marks: ['tier_not_priced'] }
  await books(asksGemini({ serviceTier: 'priority' }), gemini(geminiCounted), dear)
  // Asked for, and not given.
  const standard = ['x-gemini-service-tier: standard']
  await books(asksGemini({ serviceTier: 'priority' }), gemini(geminiCounted), { usd: '0.00055', head: standard })
})

test('a tier or a place that was asked for, and that no answer names, is marked', async () => {
  const marks = ['tier_not_named']
  await books(asksGemini({ serviceTier: 'flex' }), gemini(geminiCounted), { usd: '0.00055', marks })
  await books(asksChat('gpt-4.1', { service_tier: 'flex' }), chat('gpt-4.1', counted), { usd: '0.0028', marks })
  await books(asksChat('gpt-4.1', { service_tier: 'auto' }), chat('gpt-4.1', counted), { usd: '0.0028' })
  const named = { ...chat('gpt-4.1', counted), service_tier: 'default' }
  await books(asksChat('gpt-4.1', { service_tier: 'flex' }), named, { usd: '0.0028' })
})

test('the traffic type of Vertex is told within the usage of its chats', async () => {
  const usage = { ...counted, extra_properties: { google: { traffic_type: 'ON_DEMAND_FLEX' } } }
  await books(asksChat('google/gemini-2.5-flash'), chat('google/gemini-2.5-flash', usage), { usd: '0.000275' })
})

test('cache writes of Claude keep their lifetime behind a relay, whatever it calls them', async () => {
  const model = 'anthropic/claude-sonnet-4-5'
  const writes = (more: object, details: object) => {
    const answer = chat(model, { ...counted, ...more, prompt_tokens_details: { cached_tokens: 0, ...details } })
    return { ...answer }
  }
  const hour = { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 900 }
  // 100 tokens at 3 USD, 100 of output at 15, 900 written at 6 for an hour or 3.75 for five minutes.
  const anHour = { usd: '0.0072' }
  const minutes = { usd: '0.005175' }
  const litellm = { cache_creation_tokens: 900, cache_creation_token_details: hour }
  await books(asksChat(model), writes({ cache_creation_input_tokens: 900 }, litellm), anHour)
  await books(asksChat(model), writes({ cache_creation: hour }, { cache_write_tokens: 900 }), anHour)
  await books(asksChat(model), writes({}, { cache_creation_input_tokens: 900 }), minutes)
  await books(asksChat(model), writes({}, { cache_write_tokens: 900 }), minutes)
})

const response = (usage: object | null, more: object = {}) => ({
  ...{ id: 'resp_1', object: 'response', model: 'gpt-5.6-sol', status: 'completed', usage },
  output: [{ type: 'message', content: [{ type: 'output_text', text }] }],
  ...more,
})
const asksResponse = (more: object = {}): Asked => ({
  path: '/v1/responses',
  body: { model: 'gpt-5.6-sol', input: 'Hi', ...more },
})
const responseCounted = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }

test('a cache write for half a day is booked like any other, and marked', async () => {
  const written = { ttl_12h_tokens: 900, ttl_30m_tokens: 0 }
  const input_tokens_details = { cached_tokens: 0, cache_write_tokens: 900, cache_write_tokens_details: written }
  const marks = ['cache_write_12h_not_priced']
  await books(asksResponse(), response({ ...responseCounted, input_tokens_details }), { usd: '0.0069', marks })
})

const draws = [{ type: 'image_generation', model: 'gpt-image-1' }]
const drawn = (image_gen: object) =>
  response(responseCounted, {
    tools: draws,
    output: [{ type: 'image_generation_call' }],
    tool_usage: { web_search: { num_requests: 0 }, image_gen },
  })

test('pictures of a tool cost by the model that the tool names, and what was cached of them costs less', async () => {
  const image_gen = {
    ...{ input_tokens: 1000, input_tokens_details: { image_tokens: 900, text_tokens: 100 } },
    ...{ cached_tokens: 800, cached_tokens_details: { cached_image_tokens: 800, cached_text_tokens: 0 } },
    ...{ output_tokens: 1000, total_tokens: 2000 },
  }
  // 0.006 of the response; 100 tokens at 5 USD, 100 at 10, 800 at 2.50, 1,000 at 40.
  await books(asksResponse({ tools: draws }), drawn(image_gen), { usd: '0.0495' })
})

test('a picture whose tokens are reported as none was not free', async () => {
  const nothing = { input_tokens: 0, input_tokens_details: {}, output_tokens: 0, total_tokens: 0 }
  const wanted = { usd: '0.006', units: { image_generation: 1 }, marks: ['unpriced_image_generation', 'unpriced'] }
  await books(asksResponse({ tools: draws }), drawn(nothing), wanted)
})

test('the model that writes an SVG is paid for its own tokens', async () => {
  const asked = { path: '/v1/images/generations', body: { model: 'gpt-image-2', prompt: 'x', output_format: 'svg' } }
  const usage = { input_tokens: 20, input_tokens_details: { text_tokens: 20 }, output_tokens: 1000, total_tokens: 1020 }
  const counts = { input_tokens: 3000, output_tokens: 9000, reasoning_tokens: 2000, total_tokens: 12_000 }
  const svg_usage = { model: 'gpt-5.6-terra', ...counts }
  // 20 tokens at 5 USD and 1,000 at 30; 3,000 at 2 and 9,000 at 12.
  await books(asked, { data: [{ b64_json: 'PHN2Zz4=' }], usage, svg_usage }, { usd: '0.1441' })
  const marks = ['unpriced_image_generation', 'unpriced']
  await books(asked, { data: [], svg_usage }, { usd: '0.114', units: { image_generation: 1 }, marks })
  const unnamed = { data: [], usage, svg_usage: counts }
  await books(asked, unnamed, { usd: '0.0301', marks: ['unpriced'] })
})

test('of several pictures in one stream only the last report is priced, and the others are marked', async () => {
  const asked = { path: '/v1/images/generations', body: { model: 'gpt-image-1', prompt: 'x', n: 2, stream: true } }
  const usage = { input_tokens: 20, input_tokens_details: { text_tokens: 20 }, output_tokens: 1000, total_tokens: 1020 }
  const done = { type: 'image_generation.completed', b64_json: 'AAAA', usage }
  await books(asked, [done], { usd: '0.0401' })
  const marks = ['unpriced_image_generation', 'unpriced']
  await books(asked, [done, done], { usd: '0.0401', units: { image_generation: 1 }, marks })
})

test('tools that a provider counts and nobody here knows make a call unpriced', async () => {
  const marks = ['unpriced_server_tool', 'unpriced']
  const usd = '0.0045'
  const grok = (server_side_tool_usage_details: object) =>
    response({ ...responseCounted, server_side_tool_usage_details }, { model: 'grok-4' })
  const asked = { path: '/v1/responses', body: { model: 'grok-4', input: 'Hi' } }
  await books(asked, grok({ document_search_calls: 3, mcp_calls: 4 }), { usd, units: { server_tool: 3 }, marks })
  await books(asked, grok({ document_search_calls: 0, mcp_calls: 4 }), { usd })
  const claude = {
    input_tokens: 1000,
    output_tokens: 100,
    server_tool_use: { web_fetch_requests: 0, oracle_requests: 2 },
  }
  await books(asksClaude(), message(claude), { usd, units: { server_tool: 2 }, marks })
})

test('an answer that shows a search which nobody counted is unpriced', async () => {
  const marks = ['unpriced_web_search', 'unpriced']
  const model = 'google/gemini-2.5-flash'
  const cited = { annotations: [{ type: 'url_citation', url_citation: { url: 'https://example.com' } }] }
  await books(asksChat(model), chat(model, counted, cited), { usd: '0.00055', marks })
  await books(asksChat(model), chat(model, counted, { annotations: [] }), { usd: '0.00055' })
  const filed = { annotations: [{ type: 'file_citation', file_citation: { file_id: 'f' } }] }
  await books(asksChat(model), chat(model, counted, filed), { usd: '0.00055' })
  const executed = (...types: string[]) => ({ executed_tools: types.map((type, index) => ({ index, type })) })
  const groq = 'llama-3.3-70b-versatile'
  await books(asksChat(groq), chat(groq, counted, executed('browser_search')), { usd: '0.000669', marks })
})

test('how much of the web a search model reads sets its fee', async () => {
  const units = { request: 1 }
  const asked = asksChat('sonar')
  const read = (search_context_size: string) => chat('sonar', { ...counted, search_context_size })
  await books(asked, read('low'), { usd: '0.0061', units })
  await books(asked, read('medium'), { usd: '0.0091', units })
  await books(asked, read('high'), { usd: '0.0131', units })
})

test('a picture whose tokens are not told from those of text is unpriced', async () => {
  const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
  const candidates = [{ content: { parts: [picture] }, finishReason: 'STOP' }]
  const modelVersion = 'gemini-2.5-flash-image'
  const whole = { promptTokenCount: 10, candidatesTokenCount: 1290, totalTokenCount: 1300 }
  const split = { ...whole, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }] }
  const marks = ['image_output_not_told', 'unpriced']
  const asked = asksGemini({}, modelVersion)
  await books(asked, gemini(split, { modelVersion, candidates }), { usd: '0.038703' })
  await books(asked, gemini(whole, { modelVersion, candidates }), { usd: '0.003228', marks })
  // The last report of a stream may leave out what an earlier one told.
  const path = `/v1beta/models/${modelVersion}:streamGenerateContent?alt=sse`
  const events = [{ modelVersion, candidates: [{ content: { parts: [picture] } }], usageMetadata: split }]
  await books({ ...asked, path }, [...events, gemini(whole, { modelVersion })], { usd: '0.038703' })
  const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }]
  const relayed = chat(`google/${modelVersion}`, counted, { images })
  await books(asksChat(`google/${modelVersion}`), relayed, { usd: '0.00055', marks })
})

const message = (usage: object, more: object = {}) => ({
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', usage },
  ...{ content: [{ type: 'text', text }], stop_reason: 'end_turn' },
  ...more,
})
const asksClaude = (more: object = {}): Asked => ({
  path: '/v1/messages',
  body: { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...more },
})
const found = { type: 'web_search_tool_result', tool_use_id: 's', content: [] }

test('searches are counted by their results where the usage does not count them', async () => {
  const failed = { ...found, content: { type: 'web_search_tool_result_error', error_code: 'unavailable' } }
  const content = [found, failed, { type: 'bash_code_execution_tool_result' }, { type: 'text', text }]
  const units = { web_search: 1, code_execution: 1 }
  const usage = { input_tokens: 1000, output_tokens: 100, server_tool_use: null }
  const marks = ['unpriced_code_execution']
  await books(asksClaude(), message(usage, { content }), { usd: '0.0145', units, marks })
  const none = { ...usage, server_tool_use: { web_search_requests: 0, code_execution_requests: 0 } }
  await books(asksClaude(), message(none, { content }), { usd: '0.0045' })
})

test('searches before a stream broke off are in its estimate', async () => {
  const begun = { type: 'message_start', message: message({ input_tokens: 1000, output_tokens: 1 }, { content: [] }) }
  const search = { type: 'content_block_start', index: 0, content_block: found }
  const units = { web_search: 1 }
  await books(asksClaude({ stream: true }), [begun, search], { usd: '0.013', units })
  const created = { type: 'response.created', response: response(null, { status: 'in_progress', output: [] }) }
  const done = { type: 'response.output_item.done', item: { type: 'web_search_call', action: { type: 'search' } } }
  // An estimated token of input at 4 USD.
  await books(asksResponse({ stream: true }), [created, done], { usd: '0.010004', units })
})

test('an answer that another model took over in mid-stream is paid at the price of that one', async () => {
  const usage = { input_tokens: 1000, output_tokens: 100 }
  const asked = asksClaude({ model: 'claude-fable-5', stream: true })
  const begun = message({ input_tokens: 1000, output_tokens: 1 }, { model: 'claude-fable-5', content: [] })
  const models = { from: { model: 'claude-fable-5' }, to: { model: 'claude-opus-4-8' } }
  const iterations = [{ type: 'fallback_message', model: 'claude-opus-4-8', ...usage }]
  const events = (more: object) => [
    { type: 'message_start', message: begun },
    { type: 'content_block_start', index: 0, content_block: { type: 'fallback', ...models } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { ...usage, ...more } },
    { type: 'message_stop' },
  ]
  await books(asked, events({ iterations }), { usd: '0.0075' })
  await books(asked, events({}), { usd: '0.0075' })
  // Whose the only pass was, is what it costs.
  const whole = message({ ...usage, iterations }, { model: 'claude-fable-5' })
  await books(asksClaude({ model: 'claude-fable-5' }), whole, { usd: '0.0075' })
})

test('a place that was asked for is in the price where the answer names it, and marked where not', async () => {
  const usage = { input_tokens: 1000, output_tokens: 100 }
  const asked = asksClaude({ model: 'claude-opus-4-8', inference_geo: 'us' })
  const model = 'claude-opus-4-8'
  await books(asked, message({ ...usage, inference_geo: 'us' }, { model }), { usd: '0.00825' })
  await books(asked, message(usage, { model }), { usd: '0.0075', marks: ['geo_not_named'] })
})

test('searches of Gemini are seen in what it searched for, what it found and what it called', async () => {
  const model = 'gemini-3-flash-preview'
  const asked = asksGemini({}, model)
  const answer = (parts: readonly object[], groundingMetadata?: object) =>
    gemini(geminiCounted, {
      modelVersion: model,
      candidates: [{ content: { parts: [...parts, { text }] }, finishReason: 'STOP', groundingMetadata }],
    })
  // Whose price for a search the list does not have.
  const searched = (web_search: number) => {
    return { usd: '0.0008', units: { web_search }, marks: ['unpriced_web_search', 'unpriced'] }
  }
  const called = { toolCall: { id: '1', toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['a', 'b'] } } }
  await books(asked, answer([called]), searched(2))
  await books(asked, answer([called], { webSearchQueries: ['a', 'b'] }), searched(2))
  await books(asked, answer([{ toolCall: { id: '1', toolType: 'GOOGLE_SEARCH_IMAGE' } }]), searched(1))
  await books(asked, answer([], { groundingChunks: [{ image: { sourceUri: 'https://example.com' } }] }), searched(1))
  const marks = ['unpriced_maps_grounding', 'unpriced']
  const units = { maps_grounding: 1 }
  await books(asked, answer([{ toolCall: { id: '1', toolType: 'GOOGLE_MAPS' } }]), { usd: '0.0008', units, marks })
  await books(asked, answer([{ toolCall: { id: '1', toolType: 'URL_CONTEXT' } }]), { usd: '0.0008' })
})
