import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProviderKind } from '#config/config.ts'
import { matchEndpoint } from './endpoints.ts'
import { credentialHeaders, upstreamPath, vendorOfModelName, whyUnsupported } from './vendors.ts'

function matched(call: string) {
  const [method = '', path = ''] = call.split(' ')
  return matchEndpoint(method, path) ?? assert.fail(call)
}

/** `target` is what follows the address of the provider whose base URL has the path `basePath`. */
function check(kind: ProviderKind, basePath: string, call: string, target: string): void {
  const match = matched(call)
  assert.equal(whyUnsupported(kind, match), null)
  assert.equal(upstreamPath(kind, basePath, match, match.modelInPath ?? 'm'), target, `${kind} ${basePath} ${call}`)
}

test('each kind is asked where its documentation says', () => {
  check('openai', '/v1', 'POST /v1/chat/completions', '/v1/chat/completions')
  check('openai', '/openai/v1', 'POST /chat/completions', '/openai/v1/chat/completions')
  check('openai', '/v1', 'GET /v1/responses/resp_1', '/v1/responses/resp_1')
  check('anthropic', '/v1', 'POST /v1/messages', '/v1/messages')
  check('anthropic', '', 'POST /messages', '/v1/messages')
  check('anthropic', '/proxy', 'POST /v1/messages/batches', '/proxy/v1/messages/batches')
  check('google', '/v1beta', 'POST /v1beta/models/g:generateContent', '/v1beta/models/g:generateContent')
  check('google', '', 'POST /v1/models/g:streamGenerateContent', '/v1/models/g:streamGenerateContent')
  check('deepseek', '/v1', 'POST /v1/chat/completions', '/v1/chat/completions')
  check('deepseek', '', 'POST /v1/completions', '/beta/completions')
  check('deepseek', '/v1', 'POST /beta/chat/completions', '/beta/chat/completions')
  check('deepseek', '/v1', 'POST /v1/messages', '/anthropic/v1/messages')
  check('openai-compatible', '/api/v1', 'POST /v1/chat/completions', '/api/v1/chat/completions')
  check('openai-compatible', '', 'POST /v1/chat/completions', '/chat/completions')
  check('openai-compatible', '/api/v1', 'POST /v1/messages', '/api/v1/messages')
  check('openai-compatible', '', 'POST /v1/messages', '/v1/messages')
  check('simulated', '', 'POST /chat/completions', '/v1/chat/completions')
  check('simulated', '/v1', 'POST /v1beta/models/g:countTokens', '/v1beta/models/g:countTokens')
})

test('a chat completion of a Claude or Gemini model goes to the OpenAI-compatible endpoint of its maker', () => {
  check('anthropic', '/v1', 'POST /v1/chat/completions', '/v1/chat/completions')
  check('google', '/v1beta', 'POST /v1/chat/completions', '/v1beta/openai/chat/completions')
  check('google', '', 'POST /v1beta/openai/chat/completions', '/v1beta/openai/chat/completions')
  check('google', '/v1beta', 'POST /v1/embeddings', '/v1beta/openai/embeddings')
  assert.deepEqual(credentialHeaders('anthropic', 'openai', 'k'), ['authorization', 'Bearer k'])
  assert.deepEqual(credentialHeaders('google', 'openai', 'k'), ['authorization', 'Bearer k'])
})

test('a routed model takes the place of the one in a Gemini path', () => {
  const match = matched('POST /v1beta/models/fast:streamGenerateContent')
  assert.equal(
    upstreamPath('google', '', match, 'gemini-2.5-flash'),
    '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
  )
  assert.equal(upstreamPath('google', '', match, 'tunedModels/a b'), '/v1beta/tunedModels/a%20b:streamGenerateContent')
  const tuned = matched('POST /v1beta/tunedModels/mine:generateContent')
  assert.equal(upstreamPath('google', '', tuned, 'gemini-2.5-flash'), '/v1beta/models/gemini-2.5-flash:generateContent')
})

test('what a kind cannot serve is refused with what to do instead', () => {
  assert.match(
    whyUnsupported('openai', matched('POST /v1/messages')) ?? '',
    /OpenAI does not serve messages .*chat\/completions/,
  )
  assert.match(whyUnsupported('anthropic', matched('POST /v1/responses')) ?? '', /Anthropic does not serve responses/)
  assert.match(whyUnsupported('google', matched('POST /v1/messages')) ?? '', /generateContent/)
  assert.notEqual(whyUnsupported('deepseek', matched('POST /v1/embeddings')), null)
  assert.notEqual(whyUnsupported('openai-compatible', matched('POST /v1beta/models/g:generateContent')), null)
})

test('credentials are carried as each API wants them', () => {
  assert.deepEqual(credentialHeaders('openai', 'openai', 'k'), ['authorization', 'Bearer k'])
  assert.deepEqual(credentialHeaders('anthropic', 'anthropic', 'k'), ['x-api-key', 'k'])
  assert.deepEqual(credentialHeaders('google', 'google', 'k'), ['x-goog-api-key', 'k'])
  assert.deepEqual(credentialHeaders('deepseek', 'anthropic', 'k'), ['x-api-key', 'k'])
  assert.deepEqual(credentialHeaders('openai-compatible', 'anthropic', 'k'), [
    'authorization',
    'Bearer k',
    'x-api-key',
    'k',
  ])
  assert.deepEqual(credentialHeaders('simulated', 'openai', ''), [])
})

test('names tell their makers', () => {
  const makers = {
    'claude-opus-4-5': 'anthropic',
    'gemini-2.5-flash': 'google',
    'deepseek-v3.2': 'deepseek',
    'gpt-4.1': 'openai',
    o3: 'openai',
    'o4-mini': 'openai',
    'whisper-1': 'openai',
    'openai/gpt-4o': 'openai',
    'anthropic/Claude-3': 'anthropic',
  }
  for (const [name, vendor] of Object.entries(makers)) assert.equal(vendorOfModelName(name), vendor, name)
  for (const name of ['gpt-oss-120b', 'llama-3', 'qwen3', 'oracle']) assert.equal(vendorOfModelName(name), null, name)
})
