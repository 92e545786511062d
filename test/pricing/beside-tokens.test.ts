import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointName } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { PriceOverride } from '#core/pricing/overrides.ts'
import { makePriceBook } from '#core/pricing/price-book.ts'
import { globMatcher } from '#lib/glob.ts'
import { accentNamed } from '#providers/answers/accents.ts'
import { readAnswer } from '#providers/answers/read-answer.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import type { Reading } from '#providers/meter.ts'
import { searchesUnseen } from '#providers/model-limits.ts'

const catalog = await openCatalog()
const up = { name: 'up', kind: 'openai', baseUrl: null, billing: { currency: 'USD', discounts: [] } }

interface Expected {
  readonly units: Readonly<Record<string, number>>
  /** What is paid beside tokens, in USD. */
  readonly other?: string
  readonly marks?: readonly string[]
}

function check(endpoint: EndpointName, reading: Reading, expected: Expected, overrides: readonly PriceOverride[] = []) {
  const sources = { catalog, overrides, upstreams: [up], exchangeRates: [], matcher: globMatcher } as const
  const model = reading.model ?? ''
  const vendor = model.startsWith('sonar') ? 'perplexity' : (catalog.vendorOfModel(model) ?? '')
  const { units, cost, marks } = makePriceBook({ ...sources, costSource: 'computed' }).priceCall({
    ...{ upstream: 'up', vendor, modelServed: model, modelRouted: model, endpoint },
    ...{ atMs: Date.UTC(2026, 9, 1), usage: reading.usage, usageSource: 'provider' },
    searchesUnseen: searchesUnseen(endpoint, model),
  })
  const told = { units: { ...units }, other: formatUsd(cost.otherPicoUsd), marks, unpriced: cost.unpriced }
  const { other = '0', marks: wanted = [] } = expected
  assert.deepEqual(told, {
    units: expected.units,
    other: `${other}${other.includes('.') ? '' : '.'}`.padEnd(14, '0'),
    marks: wanted,
    unpriced: wanted.includes('unpriced'),
  })
}

function read(api: EndpointName, body: object): Reading {
  const source = { api, status: 200, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) }
  return readAnswer({ ...source, accent: accentNamed(api === 'chat.completions' ? 'perplexity' : 'plain') })
}

function stream(api: EndpointName, events: readonly object[]): Reading {
  const meter = createStreamMeter({ api, dropUsageChunk: false })
  for (const event of events) meter.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
  meter.end()
  return meter.reading()
}

const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }

function response(types: readonly string[], more: object = {}): object {
  const output = types.map((type, id) => ({ type, id: `${id}`, status: 'completed' }))
  return { object: 'response', status: 'completed', model: 'gpt-4.1-2025-04-14', output, usage, ...more }
}

const files = ['file_search_call', 'file_search_call', 'message', 'file_search_call']

test('searches of files cost their fee, streamed or not', () => {
  const expected = { units: { file_search: 3 }, other: '0.0075' }
  check('responses', read('responses', response(files)), expected)
  const done = { type: 'response.completed', response: response(files) }
  check('responses', stream('responses', [done]), expected)
  const own = { provider: 'up', model: '*', fromMs: 0, tier: 'standard', currency: 'USD' } as const
  const rates = { input_per_mtok: '1', output_per_mtok: '1', file_search_per_1k: '1' }
  check('responses', read('responses', response(files)), { ...expected, other: '0.003' }, [{ ...own, rates }])
})

test('a hosted tool without a price is marked, and one that the caller runs is not', () => {
  const marked = (types: readonly string[], expected: Expected) =>
    check('responses', read('responses', response(types)), expected)
  const picture = ['unpriced_image_generation', 'unpriced']
  marked(['image_generation_call'], { units: { image_generation: 1 }, marks: picture })
  marked(['shell_call', 'shell_call_output'], { units: { shell: 1 }, marks: ['unpriced_shell'] })
  marked(['code_interpreter_call'], { units: { code_execution: 1 }, marks: ['unpriced_code_execution'] })
  const own = [
    'function_call',
    'custom_tool_call',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
  ]
  marked([...own, 'mcp_call', 'mcp_list_tools', 'reasoning'], { units: {} })
})

test('a search by the preview of the tool costs more of a model that does not reason', () => {
  const tools = [{ type: 'web_search_preview_2025_03_11' }]
  const preview = (model: string) => read('responses', response(['web_search_call'], { tools, model }))
  check('responses', preview('gpt-4.1'), { units: { web_search_preview: 1 }, other: '0.025' })
  check('responses', preview('gpt-4o-mini'), { units: { web_search_preview: 1 }, other: '0.025' })
  check('responses', preview('gpt-5'), { units: { web_search_preview: 1 }, other: '0.01' })
  const plain = response(['web_search_call'], { tools: [{ type: 'web_search' }] })
  check('responses', read('responses', plain), { units: { web_search: 1 }, other: '0.01' })
  const own = { provider: 'up', model: '*', fromMs: 0, tier: 'standard', currency: 'USD' } as const
  const rates = { input_per_mtok: '1', output_per_mtok: '1', web_search_per_1k: '7' }
  check('responses', preview('gpt-4.1'), { units: { web_search_preview: 1 }, other: '0.007' }, [{ ...own, rates }])
})

test('a stream that breaks off has what its tools did, whatever it counted when it began', () => {
  const found = { type: 'content_block_start', content_block: { type: 'web_search_tool_result', content: [] } }
  const failed = { ...found, content_block: { type: 'web_search_tool_result', content: { error_code: 'x' } } }
  const counted = (web_search_requests: number) => ({ input_tokens: 5, server_tool_use: { web_search_requests } })
  const start = (usage: object) => ({ type: 'message_start', message: { id: 'm', model: 'claude-sonnet-4-5', usage } })
  const delta = (stop_reason: string | null, usage: object) => ({
    type: 'message_delta',
    delta: { stop_reason },
    usage,
  })
  const searches = (...events: readonly object[]) => stream('messages', events).usage?.webSearchRequests
  assert.equal(searches(start(counted(0)), found, failed, found), 2)
  assert.equal(searches(start(counted(0)), failed), undefined)
  assert.equal(searches(start(counted(0)), found, delta('end_turn', { output_tokens: 9 })), 1, 'a relay')
  assert.equal(searches(start(counted(0)), found, delta(null, counted(1)), found), 2)
  assert.equal(searches(start(counted(3)), found), 3)
  assert.equal(searches(start(counted(0)), found, found, delta('end_turn', counted(1))), 1, 'the last word')
  assert.equal(searches(start(counted(0)), found, found, delta('end_turn', counted(0))), 0)

  const tool_usage = { image_gen: { input_tokens: 0, output_tokens: 0 }, web_search: { num_requests: 0 } }
  const begun = { status: 'in_progress', output: [], usage: null, tool_usage }
  const created = { type: 'response.created', response: response([], begun) }
  const searched = { type: 'web_search_call', action: { type: 'search' } }
  const done = { type: 'response.output_item.done', item: searched }
  assert.deepEqual(stream('responses', [created, done, done]).usage, { webSearchRequests: 2 })
  assert.equal(stream('responses', [created]).usage, null)
})

function chat(model: string, more: object = {}): Reading {
  const choices = [{ index: 0, message: { content: 'hi' }, finish_reason: 'stop' }]
  const counts = { prompt_tokens: 9, completion_tokens: 363, total_tokens: 372, ...more }
  return read('chat.completions', { object: 'chat.completion', model, choices, usage: counts })
}

test('a model that searches for every request costs a fee for every request, or says that it is not known', () => {
  for (const model of ['gpt-4o-search-preview-2025-03-11', 'gpt-4o-mini-search-preview'])
    check('chat.completions', chat(model), { units: { request: 1 }, other: '0.025' })
  check('chat.completions', chat('gpt-4o-mini'), { units: {} })
  check('chat.completions', chat('sonar'), { units: { request: 1 }, other: '0.012' })
  const unknown = ['unpriced_web_search', 'unpriced']
  check('chat.completions', chat('sonar-pro-search'), { units: {}, marks: unknown })
})

test('tokens of cited pages are billed where the list has a rate for them', () => {
  const cited = { citation_tokens: 20_016, num_search_queries: 18 }
  const units = { web_search: 18, citation_token: 20_016 }
  check('chat.completions', chat('sonar-deep-research', cited), { units, other: '0.130032' })
  const free = { units: { request: 1, citation_token: 5 }, other: '0.012', marks: ['unpriced_citation_token'] }
  check('chat.completions', chat('sonar', { citation_tokens: 5 }), free)
})

function gemini(groundingMetadata: object, model = 'gemini-2.5-flash'): Reading {
  const candidates = [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP', groundingMetadata }]
  const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 20, totalTokenCount: 30 }
  return read('generateContent', { candidates, usageMetadata, modelVersion: model })
}

test('what Gemini looks up in maps and in the web is counted, and marked where it has no price', () => {
  const marks = (name: string) => [`unpriced_${name}`, 'unpriced']
  const chunk = { uri: 'x', title: 'y' }
  const maps = { units: { maps_grounding: 1 }, marks: marks('maps_grounding') }
  check('generateContent', gemini({ groundingChunks: [{ maps: chunk }, { maps: chunk }] }), maps)
  const once = { units: { web_search: 1 }, marks: marks('web_search') }
  check('generateContent', gemini({ groundingChunks: [{ web: chunk }] }), once)
  check('generateContent', gemini({ webSearchQueries: ['a', ''] }, 'gemini-3-flash-preview'), once)
  const twice = { units: { web_search: 2 }, marks: marks('web_search') }
  const queries = { webSearchQueries: ['a'], imageSearchQueries: ['b'] }
  check('generateContent', gemini(queries, 'gemini-3-flash-preview'), twice)
  check('generateContent', gemini({ groundingChunks: [{ retrievedContext: chunk }], webSearchQueries: [] }), {
    units: {},
  })
})

test('what the last report of a Gemini stream leaves out is not lost', () => {
  const report = (counts: object) => ({ modelVersion: 'gemini-2.5-pro', candidates: [], usageMetadata: counts })
  const first = { promptTokenCount: 10, cachedContentTokenCount: 4, thoughtsTokenCount: 500, totalTokenCount: 515 }
  const last = { promptTokenCount: 10, candidatesTokenCount: 20, totalTokenCount: 530 }
  const { usage: counted } = stream('generateContent', [report(first), report(last)])
  assert.deepEqual(
    [counted?.inputTokens, counted?.cachedInputTokens, counted?.outputTokens, counted?.reasoningTokens],
    [10, 4, 520, 500],
  )
  const smaller = { ...last, thoughtsTokenCount: 30 }
  assert.equal(stream('generateContent', [report(first), report(smaller)]).usage?.outputTokens, 50, 'the last word')
})

test('what a relay says that a message cost is read, streamed or not', () => {
  const stated = { input_tokens: 1000, output_tokens: 50, cost: 0.0123, is_byok: false }
  const text = JSON.stringify({ type: 'message', model: 'claude-sonnet-4-5', content: [], usage: stated })
  const exact = text.replace(/"cost":[\d.]+/, '"cost":0.01230000000000000001')
  const source = { api: 'messages', status: 200, contentType: 'application/json' } as const
  const whole = readAnswer({ ...source, body: Buffer.from(exact) })
  assert.equal(whole.usage?.providerCostUsd, '0.01230000000000000001')
  const begun = { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 0, output_tokens: 0 } }
  const start = (more: object) => ({ type: 'message_start', message: { ...begun, usage: { ...begun.usage, ...more } } })
  const delta = (more: object) => ({ type: 'message_delta', usage: { output_tokens: 50, ...more } })
  const costs = [
    [start({}), delta({ cost: 0.5 })],
    [start({ cost: 0.25 }), delta({})],
    [start({ cost: 1 }), delta({ cost: 2 })],
  ]
  assert.deepEqual(
    costs.map((events) => stream('messages', events).usage?.providerCostUsd),
    ['0.5', '0.25', '2'],
  )
})
