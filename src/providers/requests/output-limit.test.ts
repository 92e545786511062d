import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchEndpoint } from '../endpoints.ts'
import { editRequest } from './edit-request.ts'
import { addedOutputLimit, outputLimitFields } from './output-limit.ts'
import { readRequest } from './read-request.ts'

const chat = '/v1/chat/completions'
const generate = '/v1beta/models/gemini-2.5-flash:generateContent'

function lower(path: string, text: string, tokens: number, kind = 'openai'): string {
  const match = matchEndpoint('POST', path)
  assert.ok(match !== null)
  const body = Buffer.from(text)
  const reading = readRequest({ match, contentType: '', body })
  if (reading.kind === 'refused') assert.fail(reading.message)
  const added = addedOutputLimit(kind, match)
  assert.ok(added !== null)
  const outputLimit = { tokens, fields: outputLimitFields(match), added }
  const edited = editRequest(body, reading.facts, { stripMetadata: [], askForUsage: false, outputLimit })
  const again = readRequest({ match, contentType: '', body: edited })
  assert.equal(again.kind === 'read' ? again.facts.outputLimitTokens : again.message, tokens)
  return edited.toString()
}

test('a limit that stands there is replaced, and every other byte stays', () => {
  assert.equal(lower(chat, '{ "max_tokens" : 900 , "model":"m"}', 5), '{ "max_tokens" : 5 , "model":"m"}')
  assert.equal(lower(chat, '{"model":"m","max_completion_tokens":900}', 5), '{"model":"m","max_completion_tokens":5}')
  assert.equal(
    lower(chat, '{"model":"m","max_tokens":9,"max_completion_tokens":900}', 5),
    '{"model":"m","max_tokens":5,"max_completion_tokens":5}',
  )
  assert.equal(lower('/v1/messages', '{"model":"m","max_tokens":1e3}', 5), '{"model":"m","max_tokens":5}')
  assert.equal(lower('/v1/completions', '{"model":"m","max_tokens":null}', 5), '{"model":"m","max_tokens":5}')
  assert.equal(lower('/v1/responses', '{"max_output_tokens":90,"x":1.0}', 50), '{"max_output_tokens":50,"x":1.0}')
  assert.equal(
    lower(generate, '{"generationConfig":{ "maxOutputTokens":9 ,"topK":1}}', 5),
    '{"generationConfig":{ "maxOutputTokens":5 ,"topK":1}}',
  )
  assert.equal(
    lower(generate, '{"generation_config":{"max_output_tokens":9}}', 5),
    '{"generation_config":{"max_output_tokens":5}}',
  )
})

test('where none stands, the one that the provider knows is added', () => {
  assert.equal(lower(chat, '{"model":"m"}', 5), '{"model":"m","max_completion_tokens":5}')
  assert.equal(lower(chat, '{"model":"m"}', 5, 'openai-compatible'), '{"model":"m","max_tokens":5}')
  assert.equal(lower(chat, '{"model":"m"}', 5, 'deepseek'), '{"model":"m","max_tokens":5}')
  assert.equal(lower('/v1/responses', '{}', 50), '{"max_output_tokens":50}')
  assert.equal(lower('/v1/completions', '{"model":"m"}', 5), '{"model":"m","max_tokens":5}')
  assert.equal(lower(generate, '{"contents":[]}', 5), '{"contents":[],"generationConfig":{"maxOutputTokens":5}}')
  assert.equal(
    lower(generate, '{"generationConfig":{"topK":1}}', 5),
    '{"generationConfig":{"topK":1,"maxOutputTokens":5}}',
  )
  assert.equal(lower(generate, '{"generationConfig":null}', 5), '{"generationConfig":{"maxOutputTokens":5}}')
})

test('a limit of another API stays as it stands', () => {
  assert.equal(
    lower(chat, '{"model":"m","max_output_tokens":7}', 5),
    '{"model":"m","max_output_tokens":7,"max_completion_tokens":5}',
  )
})

test('a lowered body says the same as before in everything else', () => {
  // Without a prefix some would be names that decide something, as `N`.
  const names = fc.string().map((name) => `x${name}`)
  const members = fc.dictionary(names, fc.jsonValue(), { maxKeys: 5 })
  const limits = fc.record({ max_tokens: fc.nat(), max_completion_tokens: fc.nat() }, { requiredKeys: [] })
  fc.assert(
    fc.property(members, limits, fc.integer({ min: 1, max: 10_000 }), (others, said, tokens) => {
      const body = { ...others, ...said, model: 'm' }
      const edited = JSON.parse(lower(chat, JSON.stringify(body), tokens))
      const fields = Object.keys(said).length === 0 ? ['max_completion_tokens'] : Object.keys(said)
      const expected = { ...body, ...Object.fromEntries(fields.map((field) => [field, tokens])) }
      assert.deepEqual(edited, JSON.parse(JSON.stringify(expected)))
    }),
  )
})

test('calls without output have no limit to lower', () => {
  const match = matchEndpoint('POST', '/v1/embeddings')
  assert.ok(match !== null)
  assert.deepEqual([outputLimitFields(match), addedOutputLimit('openai', match)], [[], null])
})
