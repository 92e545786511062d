import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callBounds } from './call-bounds.ts'
import { matchEndpoint } from './endpoints.ts'
import { leastUses, openEnds } from './open-ends.ts'
import { readRequest } from './requests/read-request.ts'

function callOf(path: string, body: Record<string, unknown>) {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null)
  const reading = readRequest({ match, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) })
  if (reading.kind === 'refused') assert.fail(reading.message)
  const { facts, reach } = reading
  return { match, facts, reach, upstream: 'up', vendor: 'v', model: facts.model ?? '', atMs: 0 }
}

const chat = '/v1/chat/completions'
const responses = '/v1/responses'
const messages = [{ role: 'user', content: 'Hi' }]
const remedies = (path: string, body: Record<string, unknown>) =>
  openEnds(callOf(path, body)).map(({ remedy }) => remedy)

test('a call that is bounded has no open end', () => {
  const search = { type: 'web_search_20250305', max_uses: 2 }
  assert.deepEqual(remedies(chat, { model: 'gpt-4.1', messages }), [])
  assert.deepEqual(remedies(chat, { model: 'house-1', messages, max_tokens: 5 }), [])
  assert.deepEqual(remedies('/v1/messages', { model: 'claude-haiku-4-5', messages, tools: [search] }), [])
  const limited = { model: 'gpt-4.1', input: 'Hi', tools: [{ type: 'web_search' }], max_tool_calls: 1 }
  assert.deepEqual(remedies(responses, limited), [])
})

test('each open end says what its caller can set, where that is a setting of the API', () => {
  const fetch = { type: 'web_fetch_20250910' }
  const code = { type: 'code_execution_20250522' }
  const claude = { model: 'claude-haiku-4-5', messages }
  assert.deepEqual(remedies('/v1/messages', { ...claude, tools: [fetch, code] }), ['"max_uses"', null])
  assert.deepEqual(remedies(responses, { model: 'o3', input: 'Hi', tools: [{ type: 'mcp' }] }), ['"max_tool_calls"'])
  for (const other of ['models', 'fallbacks', 'fallback_models', 'route', 'preset'])
    assert.deepEqual(remedies(chat, { model: 'gpt-4.1', messages, [other]: 'a' }), [`no "${other}"`])
  assert.deepEqual(remedies('/v1/messages', { ...claude, fallbacks: 'default' }), ['no "fallbacks"'])
  assert.deepEqual(remedies('/v1/messages', { ...claude, max_tokens: 1, fallbacks: [{ model: 'm-search' }] }), [null])
  assert.deepEqual(remedies(chat, { model: 'gpt-4.1', messages, web_search_options: {} }), [null])
  assert.deepEqual(remedies(chat, { model: 'house-1', messages }), ['"max_tokens"'])
  assert.deepEqual(remedies(responses, { model: 'house-1', input: 'Hi' }), ['"max_output_tokens"'])
  assert.deepEqual(remedies('/v1/audio/speech', { model: 'tts-1', input: 'Hi' }), [null])
})

test('of what a call leaves open beside its tools, each is told with what to leave out', () => {
  const claude = { model: 'claude-haiku-4-5', messages, max_tokens: 5 }
  const gpt = { model: 'gpt-4.1', input: 'Hi', max_tool_calls: 1 }
  const whys = (path: string, body: Record<string, unknown>) => openEnds(callOf(path, body)).map(({ why }) => why)
  const thread = { type: 'continue', previous_message_id: 'msg_1' }
  assert.deepEqual(remedies('/v1/messages', { ...claude, thread }), ['the whole conversation in place of "thread"'])
  assert.deepEqual(remedies('/v1/messages', { ...claude, compaction: { type: 'summarize' } }), ['no "compaction"'])
  assert.deepEqual(remedies('/v1/messages', { ...claude, container: { skills: [{}] } }), ['no "skills"'])
  assert.deepEqual(remedies(responses, { ...gpt, multi_agent: { enabled: true } }), ['no "multi_agent"'])
  assert.deepEqual(remedies(responses, { ...gpt, prompt: { id: 'p' } }), ['its text in place of "prompt"'])
  const cached = { contents: [], cachedContent: 'cachedContents/1' }
  const gemini = '/v1beta/models/gemini-2.5-flash:generateContent'
  assert.deepEqual(remedies(gemini, cached), ['the content in place of "cachedContent"'])
  assert.match(whys(gemini, cached).join(), /may have tools of the provider$/)
  const call = callOf(responses, { ...gpt, prompt: { id: 'p' }, tools: [{ type: 'web_search' }] })
  assert.equal(callBounds({ ...call, reach: leastUses(call.reach) }).bounds.inputTokens, null)
})

test('with what its caller can set a call is bounded, unless something else stays open', () => {
  const boundedBy = (path: string, body: Record<string, unknown>) => {
    const call = callOf(path, body)
    const { inputTokens, outputTokens, units } = callBounds({ ...call, reach: leastUses(call.reach) }).bounds
    return inputTokens !== null && outputTokens !== null && !Object.values(units).includes(null)
  }
  const searches = [{ type: 'web_search_20250305' }, { type: 'web_fetch_20250910', max_uses: 3 }]
  const claude = { model: 'claude-haiku-4-5', messages, max_tokens: 5 }
  assert.ok(boundedBy('/v1/messages', { ...claude, tools: searches }))
  assert.ok(boundedBy(responses, { model: 'o3', input: 'Hi', tools: [{ type: 'web_search' }] }))
  assert.ok(!boundedBy('/v1/messages', { ...claude, tools: [...searches, { type: 'code_execution_20250522' }] }))
  assert.ok(!boundedBy(responses, { model: 'o3', input: 'Hi', tools: [{ type: 'image_generation' }] }))
})
