import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchEndpoint } from '../endpoints.ts'
import { otherModels } from './other-models.ts'
import { readRequest } from './read-request.ts'

const chat = '/v1/chat/completions'
const responses = '/v1/responses'
const messages = '/v1/messages'
const gemini = '/v1beta/models/gemini-2.5-flash:generateContent'

/** `member: model` of each; without a model where the provider chooses. */
function named(path: string, body: Record<string, unknown>): string[] {
  const match = matchEndpoint('POST', path)
  assert.ok(match)
  return otherModels(match, body).map((one) => (one.name === null ? one.path : `${one.path}: ${one.name}`))
}

function check(path: string, body: Record<string, unknown>, expected: readonly string[]): void {
  assert.deepEqual(named(path, { model: 'm', ...body }).toSorted(), expected.toSorted(), JSON.stringify(body))
}

test('models that may answer instead are found, wherever a vendor or relay has them stand', () => {
  check(chat, { models: ['a', 'b'] }, ['models: a', 'models: b'])
  check(chat, { models: ['a'], route: 'fallback' }, ['models: a'])
  check(chat, { route: 'fallback' }, ['route'])
  check(chat, { preset: 'house' }, ['preset'])
  check(chat, { model: '@preset/house' }, ['model'])
  check(chat, { model: 'openai/gpt-4.1@preset/house' }, ['model'])
  check(chat, { fallbacks: ['a', { model: 'b', messages: [{ role: 'user', content: 'c' }] }] }, [
    'fallbacks: a',
    'fallbacks: b',
  ])
  check(messages, { fallbacks: [{ model: 'a' }] }, ['fallbacks: a'])
  check(chat, { fallback_models: ['a'], context_window_fallbacks: ['b'] }, [
    'context_window_fallbacks: b',
    'fallback_models: a',
  ])
  check(chat, { providerOptions: { gateway: { models: ['a'], order: ['b'] } } }, ['providerOptions: a'])
  check(chat, { compound_custom: { models: { answering_model: 'a', reasoning: 'b' } } }, [
    'compound_custom: a',
    'compound_custom: b',
  ])
  check(chat, { draft_model: 'a', safetyModel: 'b', other: { modelName: 'c' } }, [
    'draft_model: a',
    'other: c',
    'safetyModel: b',
  ])
  check(gemini, { generationConfig: { routingConfig: { manualMode: { modelName: 'a' } } } }, ['generationConfig: a'])
})

test('what schemas call models names none', () => {
  const parameters = { type: 'object', properties: { models: { type: 'array', description: 'Car models' } } }
  const inner = { type: 'function', name: 'find', parameters }
  check(responses, { tools: [{ type: 'namespace', name: 'cars', tools: [inner] }] }, [])
  check(responses, { tools: [{ type: 'namespace', tools: [inner, { type: 'image_generation', model: 'a' }] }] }, [
    'tools[0]: a',
  ])
  for (const member of ['guided_json', 'structured_outputs', 'client_metadata'])
    check(chat, { [member]: parameters }, [])
})

test('models that tools and plugins call are found, and those that name none leave it to the provider', () => {
  check(responses, { tools: [{ type: 'image_generation', model: 'a' }] }, ['tools[0]: a'])
  check(responses, { tools: [{ type: 'web_search' }, { type: 'image_generation' }] }, ['tools[1]'])
  check(messages, { tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'a' }] }, ['tools[0]: a'])
  check(chat, { tools: [{ type: 'openrouter:fusion', parameters: { analysis_models: ['a', 'b'], model: 'c' } }] }, [
    'tools[0]: a',
    'tools[0]: b',
    'tools[0]: c',
  ])
  check(chat, { tools: [{ type: 'openrouter:fusion' }] }, ['tools[0]'])
  check(chat, { plugins: [{ id: 'fusion', analysis_models: ['a'] }] }, ['plugins: a'])
  check(chat, { plugins: [{ id: 'fusion' }] }, ['plugins'])
})

test('what only speaks of models names none', () => {
  const schema = { type: 'object', properties: { model: { type: 'string', enum: ['T', 'S'] } } }
  check(chat, { tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] }, [])
  check(messages, { tools: [{ name: 'f', input_schema: schema }], metadata: { model: 'x' } }, [])
  check(chat, { messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', model: 'x' }] }] }, [])
  check(chat, { response_format: { type: 'json_schema', json_schema: { schema } } }, [])
  check(
    gemini,
    { generationConfig: { responseSchema: schema }, tools: [{ functionDeclarations: [{ parameters: schema }] }] },
    [],
  )
  check(chat, { moderation: { model: 'omni-moderation-latest' } }, [])
  check(chat, { plugins: [{ id: 'web' }, { id: 'response-healing' }], provider: { order: ['a'] } }, [])
  check(responses, { tools: [{ type: 'web_search' }, { type: 'mcp', server_url: 'http://a' }] }, [])
  check(chat, { models: [], fallbacks: null, model_kwargs: { a: 'b' }, remodel: 'c' }, [])
})

test('however deep or long, it is read to its end', () => {
  let deep: unknown = { model: 'a' }
  for (let level = 0; level < 100_000; level += 1) deep = [deep]
  check(chat, { extra: deep }, ['extra: a'])
  const many = Array.from({ length: 5_000 }, (_, index) => `m${index}`)
  assert.ok(named(chat, { models: many }).includes('models'), 'the rest is anybody')
})

test('a name that another reader takes for one of these is refused, and so is one that stands twice', () => {
  const match = matchEndpoint('POST', chat)
  assert.ok(match)
  for (const member of ['"Fallbacks":[]', '"fallbacks":["a"],"fallbacks":[]', '"preset":"a","preset":null']) {
    const body = Buffer.from(`{"model":"m","messages":[],${member}}`)
    assert.equal(readRequest({ match, contentType: 'application/json', body }).kind, 'refused', member)
  }
})
