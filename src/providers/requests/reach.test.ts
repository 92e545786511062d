import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchEndpoint } from '../endpoints.ts'
import type { RequestReach } from './reach.ts'
import { readRequest } from './read-request.ts'
import type { ServerTool } from './server-tools.ts'

const chat = '/v1/chat/completions'
const responses = '/v1/responses'
const messages = '/v1/messages'
const generate = '/v1beta/models/gemini-2.5-flash:generateContent'

function reach(path: string, body: Record<string, unknown>): RequestReach & { limit: number | null } {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null)
  const reading = readRequest({ match, contentType: '', body: Buffer.from(JSON.stringify(body)) })
  if (reading.kind === 'refused') assert.fail(reading.message)
  return { ...reading.reach, limit: reading.facts.outputLimitTokens }
}

function check(path: string, body: Record<string, unknown>, expected: Partial<ReturnType<typeof reach>>): void {
  const found = reach(path, { model: 'm', ...body })
  const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, found[key as keyof typeof found]]))
  assert.deepEqual(picked, expected)
}

/** Of a body as it is written. */
function reachOfText(path: string, body: string): RequestReach {
  const reading = readRequest({
    match: matchEndpoint('POST', path) ?? assert.fail(),
    contentType: '',
    body: Buffer.from(body),
  })
  return reading.kind === 'refused' ? assert.fail(reading.message) : reading.reach
}

const ask = [{ role: 'user', content: 'Hi' }]
const base64 = 'QUJD'.repeat(1_000)
const bytesOf = (body: Record<string, unknown>) => Buffer.byteLength(JSON.stringify({ model: 'm', ...body }))

test('a plain question reaches no further than its text and one answer', () => {
  const body = { messages: [{ role: 'user', content: 'Zwölf Boxkämpfer 你好 🙂' }] }
  check(chat, body, {
    textBytes: bytesOf(body),
    pictures: 0,
    inputUnbounded: false,
    mediaInput: false,
    answers: 1,
    hiddenOutput: false,
    serverTools: [],
    passes: 1,
    tools: 0,
    schema: false,
    serviceTier: null,
  })
})

test('pictures are counted and not read as text, in every API', () => {
  const withPicture = (content: unknown) => ({ messages: [{ role: 'user', content: [content] }] })
  const bodies: [string, Record<string, unknown>][] = [
    [chat, withPicture({ type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } })],
    [
      responses,
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: `data:image/png;base64,${base64}` }] }] },
    ],
    [messages, withPicture({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } })],
    [generate, { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: base64 } }] }] }],
  ]
  for (const [path, body] of bodies) {
    const seen = reach(path, path === generate ? body : { model: 'm', ...body })
    assert.deepEqual([seen.pictures, seen.inputUnbounded, seen.mediaInput], [1, false, true], path)
    assert.ok(seen.textBytes < 300, `${path}: ${seen.textBytes}`)
  }
  const byAddress = withPicture({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } })
  check(chat, byAddress, { pictures: 1, inputUnbounded: false, textBytes: bytesOf(byAddress) })
})

test('text that only looks like a picture is text', () => {
  const bodies = [
    { messages: [{ role: 'user', content: base64 }] },
    { messages: [{ role: 'user', content: [{ type: 'text', text: base64, data: base64 }] }] },
    {
      messages: [
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't', name: 'n', input: { data: base64, url: base64 } }],
        },
      ],
    },
    { messages: [{ role: 'assistant', content: [{ type: 'redacted_thinking', data: base64 }] }] },
    { messages: ask, tools: [{ name: 't', input_schema: { type: 'object', data: base64 } }] },
  ]
  for (const body of bodies) check(messages, body, { textBytes: bytesOf(body), pictures: 0, inputUnbounded: false })
})

test('what is not in the body, or cannot be measured, leaves the input without a bound', () => {
  check(responses, { input: 'Hi', previous_response_id: 'resp_1' }, { inputUnbounded: true, mediaInput: true })
  check(responses, { input: 'Hi', conversation: 'conv_1' }, { inputUnbounded: true })
  check(responses, { prompt: { id: 'pmpt_1' } }, { inputUnbounded: true })
  check(responses, { input: [{ type: 'item_reference', id: 'msg_1' }] }, { inputUnbounded: true })
  const kept = { type: 'continue', previous_message_id: 'msg_1' }
  check(messages, { messages: ask, thread: kept }, { inputUnbounded: true, mediaInput: true })
  check(messages, { messages: ask, thread: { type: 'create' } }, { inputUnbounded: false, openParts: [] })
  const thought = { type: 'reasoning', id: 'rs_1', summary: [] }
  check(responses, { input: [thought] }, { inputUnbounded: true })
  check(responses, { input: [{ ...thought, encrypted_content: 'gAAA' }] }, { inputUnbounded: false })
  check(responses, { input: 'Hi', reasoning: { effort: 'low' } }, { inputUnbounded: false })
  check(chat, { messages: [...ask, { role: 'assistant', audio: { id: 'audio_1' } }] }, { inputUnbounded: true })
  check(chat, { messages: ask, audio: { voice: 'ash', format: 'wav' } }, { inputUnbounded: false })
  const screen = { type: 'computer_call_output', output: { type: 'computer_screenshot', file_id: 'file-1' } }
  check(responses, { input: [screen, { type: 'image_generation_call', id: 'ig_1' }] }, { pictures: 2 })
  check(
    responses,
    { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
    { inputUnbounded: true },
  )
  const audio = { type: 'input_audio', input_audio: { data: base64, format: 'wav' } }
  check(chat, { messages: [{ role: 'user', content: [audio] }] }, { inputUnbounded: true })
  const document = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64 } }
  check(messages, { messages: [{ role: 'user', content: [document] }] }, { inputUnbounded: true })
  const nowhere = { messages: [{ role: 'user', content: 'Hi', extra: { data: base64 } }] }
  check(chat, nowhere, { inputUnbounded: true })
  for (const part of [{ fileData: { mimeType: 'video/mp4', fileUri: 'u' } }, { inlineData: { data: base64 } }]) {
    assert.equal(reach(generate, { contents: [{ parts: [part] }] }).inputUnbounded, true)
  }
  assert.equal(reach(generate, { contents: [], cachedContent: 'cachedContents/1' }).inputUnbounded, true)
})

test('tools of the caller add nothing but their text; those of the provider say how often they may run', () => {
  const tool = (name: string, limitedBy: ServerTool['limitedBy'], more: Partial<ServerTool> = {}): ServerTool => {
    return { name, unit: null, most: null, limitedBy, otherModel: false, ...more }
  }
  const search = { unit: 'web_search' } as const
  check(
    chat,
    { messages: ask, tools: [{ type: 'function', function: { name: 'f' } }] },
    { serverTools: [], tools: 1, passes: 1 },
  )
  check(
    chat,
    { messages: ask, web_search_options: {} },
    { serverTools: [tool('web_search_options', null, search)], passes: null },
  )
  check(chat, { messages: ask, plugins: [{ id: 'web' }] }, { serverTools: [tool('plugins', null, search)] })
  check(
    responses,
    { tools: [{ type: 'web_search' }, { type: 'function', name: 'f' }] },
    { serverTools: [tool('web_search', 'max_tool_calls', search)], passes: null },
  )
  check(
    responses,
    { tools: [{ type: 'web_search_preview' }, { type: 'code_interpreter' }], max_tool_calls: 3 },
    {
      serverTools: [
        tool('web_search_preview', 'max_tool_calls', { unit: 'web_search_preview', most: 3 }),
        tool('code_interpreter', 'max_tool_calls', { unit: 'code_execution', most: 3 }),
      ],
      passes: 4,
    },
  )
  check(
    responses,
    { tools: [{ type: 'file_search' }, { type: 'mcp' }] },
    {
      serverTools: [tool('file_search', 'max_tool_calls', { unit: 'file_search' }), tool('mcp', 'max_tool_calls')],
      passes: null,
    },
  )
  check(
    responses,
    { tools: [{ type: 'image_generation' }], max_tool_calls: 3 },
    { serverTools: [tool('image_generation', null, { most: 3, otherModel: true })], passes: null },
  )
  check(
    messages,
    { tools: [{ name: 'own' }, { type: 'bash_20250124', name: 'bash' }, { type: 'custom', name: 'c' }] },
    { serverTools: [], passes: 1, tools: 3 },
  )
  check(
    messages,
    {
      tools: [
        { type: 'web_search_20250305', max_uses: 5 },
        { type: 'web_fetch_20250910', max_uses: 2 },
      ],
    },
    {
      serverTools: [
        tool('web_search_20250305', 'max_uses', { ...search, most: 5 }),
        tool('web_fetch_20250910', 'max_uses', { most: 2 }),
      ],
      passes: 8,
    },
  )
  const endless = tool('web_search_20250305', 'max_uses', search)
  check(messages, { tools: [{ type: 'web_search_20250305' }] }, { serverTools: [endless], passes: null })
  check(messages, { tools: [{ type: 'advisor_20260301', max_uses: 1 }] }, { passes: null })
  check(messages, { mcp_servers: [{ url: 'u' }] }, { passes: null })
  check(messages, { mcp_servers: [] }, { passes: 1 })
  const gemini = reach(generate, { tools: [{ functionDeclarations: [] }, { googleSearch: {} }, { codeExecution: {} }] })
  assert.deepEqual(
    gemini.serverTools.map(({ unit }) => unit),
    ['web_search', 'code_execution'],
  )
})

test('output that a stream does not show is seen in the settings', () => {
  check(
    messages,
    { thinking: { type: 'enabled', budget_tokens: 2_000 } },
    { hiddenOutput: true, leastOutputTokens: 2_001 },
  )
  check(messages, { thinking: { type: 'disabled' } }, { hiddenOutput: false, leastOutputTokens: 1 })
  check(messages, { thinking: { type: 'adaptive' } }, { hiddenOutput: true })
  check(chat, { messages: ask, reasoning_effort: 'low' }, { hiddenOutput: true })
  check(chat, { messages: ask, reasoning_effort: 'none' }, { hiddenOutput: false })
  check(chat, { messages: ask, modalities: ['text', 'audio'] }, { hiddenOutput: true })
  check(chat, { messages: ask, modalities: ['text'] }, { hiddenOutput: false })
  const prediction = { type: 'content', content: 'as before' }
  check(chat, { messages: ask, prediction }, { hiddenOutput: true })
  check(chat, { messages: ask, prediction: null }, { hiddenOutput: false })
  for (const inner of [{ thinking_config: {} }, { response_modalities: ['IMAGE'] }]) {
    assert.equal(reach(generate, { generation_config: inner }).hiddenOutput, true)
  }
  check(responses, { input: 'Hi', reasoning: { effort: 'low' } }, { hiddenOutput: true, leastOutputTokens: 16 })
  const thinking = (thinkingBudget: number) => ({ generationConfig: { thinkingConfig: { thinkingBudget } } })
  assert.equal(reach(generate, thinking(-1)).hiddenOutput, true)
  assert.equal(reach(generate, thinking(0)).hiddenOutput, false)
  assert.equal(reach(generate, { generationConfig: { responseModalities: ['IMAGE'] } }).hiddenOutput, true)
})

test('every answer that is made and billed counts', () => {
  check(chat, { messages: ask, n: 3 }, { answers: 3 })
  check('/v1/completions', { prompt: ['a', 'b'], n: 2, best_of: 5 }, { answers: 10 })
  check('/v1/completions', { prompt: [1, 2, 3] }, { answers: 1 })
  check('/v1/completions', { prompt: [[1, 2], [3]] }, { answers: 2 })
  assert.equal(reach(generate, { generationConfig: { candidateCount: 4 } }).answers, 4)
  assert.equal(reach(generate, { generation_config: { candidate_count: 4 } }).answers, 4)
})

test('writes to the cache, tiers and places are what the request asks for', () => {
  const marked = (cache_control: object) => ({ system: [{ type: 'text', text: 'x', cache_control }], messages: ask })
  check(messages, { messages: ask }, { cacheWrites: 'none' })
  check(messages, marked({ type: 'ephemeral' }), { cacheWrites: 'short' })
  check(messages, marked({ type: 'ephemeral', ttl: '1h' }), { cacheWrites: 'any' })
  check(chat, { messages: ask }, { cacheWrites: 'short' })
  check(chat, marked({ type: 'ephemeral' }), { cacheWrites: 'short' })
  // Relays to Claude report what they wrote for an hour, which costs more.
  check(chat, marked({ type: 'ephemeral', ttl: '1h' }), { cacheWrites: 'any' })
  check(chat, { messages: ask, service_tier: 'priority' }, { serviceTier: 'priority' })
  check(messages, { speed: 'fast', inference_geo: 'us' }, { speed: 'fast', inferenceGeo: 'us' })
  check(chat, { messages: ask, response_format: { type: 'json_schema' } }, { schema: true })
  check(responses, { text: { format: { type: 'text' } } }, { schema: false })
})

test('a limit that the API called does not know is none', () => {
  check(chat, { messages: ask, max_output_tokens: 1, max_tokens: 9 }, { limit: 9 })
  check(chat, { messages: ask, max_completion_tokens: 1, max_tokens: 9 }, { limit: 9 })
  check(messages, { max_completion_tokens: 1 }, { limit: null })
  check(responses, { max_tokens: 1, max_output_tokens: 20 }, { limit: 20 })
  assert.equal(reach(generate, { generation_config: { max_output_tokens: 7 } }).limit, 7)
})

test('a picture whose kind is said in two ways may be either', () => {
  const part = (media: object) => ({ contents: [{ parts: [{ inlineData: { data: base64, ...media } }] }] })
  const seen = (media: object) => {
    const { pictures, inputUnbounded } = reach(generate, part(media))
    return { pictures, inputUnbounded }
  }
  assert.deepEqual(seen({ mime_type: 'image/png' }), { pictures: 1, inputUnbounded: false })
  for (const [mimeType, mime_type] of [
    ['image/png', 'application/pdf'],
    ['application/pdf', 'image/png'],
  ]) {
    assert.deepEqual(seen({ mimeType, mime_type }), { pictures: 0, inputUnbounded: true })
  }
})

test('names within lists are read as they are written, whatever was read before', () => {
  // Each first one has JSON.parse misread the second: see lib/json-names.ts.
  const read = (text: string) => reachOfText(messages, `{"model":"m","max_tokens":9,${text}}`)
  const part = (name: string) => `"messages":[{"role":"user","content":[{"text":"x","${name}":{"ttl":"1h"}}]}]`
  read(part('cache_contr\\\\u'))
  assert.equal(read(part('cache_contr\\u006fl')).cacheWrites, 'any')
  const source = (name: string) =>
    `"messages":[{"role":"user","content":[{"source":{"url":"x"},"${name}":"document"}]}]`
  read(source('typ\\\\'))
  assert.equal(read(source('typ\\u0065')).inputUnbounded, true)
  const tool = (name: string) => `"tools":[{"name":"web_search","${name}":"web_search_20250305"}]`
  read(tool('typ\\\\'))
  assert.deepEqual(
    read(tool('typ\\u0065')).serverTools.map(({ unit }) => unit),
    ['web_search'],
  )
})

test('a name with a backslash, as schemas have them, changes nothing', () => {
  const pattern = { type: 'object', patternProperties: { '^\\d+$': { type: 'string' } } }
  const plain = { type: 'object', patternProperties: { '^[0-9]$': { type: 'string' } } }
  const tools = (parameters: object) => [{ type: 'function', function: { name: 'f', parameters } }]
  const body = { messages: ask, tools: tools(pattern) }
  check(chat, body, { ...reach(chat, { model: 'm', messages: ask, tools: tools(plain) }), textBytes: bytesOf(body) })
})

test('what nobody says the end of leaves the passes open, whatever the tools say', () => {
  const open = (path: string, body: Record<string, unknown>, ...openParts: readonly string[]) => {
    check(path, body, { passes: openParts.length === 0 ? 1 : null, openParts } as Partial<RequestReach>)
  }
  const claude = { messages: ask, max_tokens: 9 }
  const asked = { input: 'Hi', max_tool_calls: 1 }
  open(messages, { ...claude, thread: { type: 'continue', previous_message_id: 'msg_1' } }, 'thread')
  open(messages, { ...claude, thread: { type: 'create', of: 'later' } }, 'thread')
  open(messages, { ...claude, thread: 'msg_1' }, 'thread')
  open(messages, { ...claude, thread: null, compaction: null, container: 'c', multi_agent: { enabled: false } })
  open(messages, { ...claude, compaction: { type: 'summarize' } }, 'compaction')
  open(messages, { ...claude, context_management: { edits: [] } }, 'context_management')
  open(messages, { ...claude, container: { skills: [{ type: 'anthropic', skill_id: 'pdf' }] } }, 'skills')
  open(messages, { ...claude, container: { id: 'c', skills: [] } })
  open(responses, { ...asked, multi_agent: { enabled: true } }, 'multi_agent')
  open(responses, { ...asked, multi_agent: {} }, 'multi_agent')
  open(responses, { ...asked, multi_agent: { enabled: false } })
  open(responses, { ...asked, prompt: { id: 'pmpt_1' } }, 'prompt')
  open(responses, { ...asked, context_management: [{ type: 'compaction' }] }, 'context_management')
  open(responses, { input: [{ type: 'compaction_trigger' }], max_tool_calls: 1 }, 'compaction_trigger')
  for (const name of ['models', 'fallback_models', 'route', 'preset', 'providerOptions'])
    open(chat, { [name]: ['a'] }, name)
  const gemini = (body: Record<string, unknown>) => reach(generate, { contents: [], ...body }).openParts
  assert.deepEqual(gemini({ cachedContent: 'cachedContents/1' }), ['cachedContent'])
  assert.deepEqual(gemini({ cached_content: 'cachedContents/1' }), ['cachedContent'])
  const routed = { generationConfig: { routingConfig: { manualMode: { modelName: 'gemini-2.5-pro' } } } }
  assert.deepEqual(gemini(routed), ['routingConfig'])
  assert.deepEqual(gemini({ generation_config: { model_selection_config: {} } }), ['modelSelectionConfig'])
})

test('tools of the provider are found wherever a conversation brings them along', () => {
  const search = { type: 'web_search', name: 'web_search' }
  const names = (path: string, body: Record<string, unknown>) =>
    reach(path, path === generate ? body : { model: 'm', ...body }).serverTools.map(({ name }) => name)
  const brings = (type: string) => ({ input: [{ type, role: 'developer', tools: [{ type: 'function' }, search] }] })
  assert.deepEqual(names(responses, brings('additional_tools')), ['web_search'])
  assert.deepEqual(names(responses, brings('tool_search_output')), ['web_search'])
  const added = (definition: unknown) => ({
    messages: [
      ...ask,
      { role: 'system', content: [{ type: 'tool_addition', tool: { type: 'tool_definition', definition } }] },
    ],
  })
  const [found] = reach(messages, { model: 'm', ...added({ type: 'web_search_20260318', max_uses: 3 }) }).serverTools
  assert.deepEqual([found?.name, found?.most], ['web_search_20260318', 3])
  assert.deepEqual(names(messages, added({ name: 'f', input_schema: {} })), [])
  // What a tool answered is text.
  const answered = { role: 'assistant', content: [{ type: 'tool_use', id: 't', input: brings('additional_tools') }] }
  assert.deepEqual(names(messages, { messages: [answered] }), [])
  // One value is a list of one to Google.
  assert.deepEqual(names(generate, { contents: [], tools: { googleSearch: {} } }), ['googleSearch'])
  check(messages, { messages: ask, tools: [{ type: 'browser_toolset_20260801' }, { name: 'f' }] }, { tools: 33 })
})

test('models that may answer instead are known by name and limit, or leave the call open', () => {
  const body = { messages: ask, max_tokens: 100 }
  const opus = { model: 'claude-opus-4-1', max_tokens: 32_000, speed: 'fast' }
  check(
    messages,
    { ...body, fallbacks: [opus, { model: 'claude-sonnet-4-5', max_tokens: null, thinking: { type: 'disabled' } }] },
    {
      passes: 1,
      serverTools: [],
      fallbacks: [
        { model: 'claude-opus-4-1', outputLimitTokens: 32_000, speed: 'fast' },
        { model: 'claude-sonnet-4-5', outputLimitTokens: null, speed: null },
      ],
    },
  )
  for (const fallbacks of [null, []]) check(messages, { ...body, fallbacks }, { passes: 1, fallbacks: [] })
  const open = ['default', 'a', {}, [7], [{ max_tokens: 1 }], [{ ...opus, tools: [] }], [opus, opus, opus, opus]]
  for (const fallbacks of open) check(messages, { ...body, fallbacks }, { passes: null, fallbacks: [] })
  // Relays have them too, and say each for itself what they are.
  for (const path of [chat, responses])
    check(path, { messages: ask, fallbacks: [opus] }, { passes: null, fallbacks: [] })
})
