import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchEndpoint } from './endpoints.ts'

/** `expected`: endpoint, dialect, body, `metered` or `free`, documented path; null where it is nobody's. */
function check(call: string, expected: string | null, headers: Record<string, string> = {}): void {
  const [method = '', path = ''] = call.split(' ')
  const match = matchEndpoint(method, path, headers)
  const shown =
    match === null
      ? null
      : [match.endpoint, match.dialect, match.body, match.metered ? 'metered' : 'free', match.upstreamPath].join(' ')
  assert.equal(shown, expected, call)
}

const anthropic = { 'anthropic-version': '2023-06-01' }

test('OpenAI paths, below /v1 as its SDK sends them', () => {
  check('POST /v1/chat/completions', 'chat.completions openai json metered /v1/chat/completions')
  check('POST /v1/completions', 'completions openai json metered /v1/completions')
  check('POST /v1/responses', 'responses openai json metered /v1/responses')
  check('POST /v1/responses/compact', 'responses openai json metered /v1/responses/compact')
  check('GET /v1/responses/resp_1', 'responses openai none free /v1/responses/resp_1')
  check('DELETE /v1/responses/resp_1', 'responses openai none free /v1/responses/resp_1')
  check('POST /v1/responses/resp_1/cancel', 'responses openai metadata free /v1/responses/resp_1/cancel')
  check('GET /v1/responses/resp_1/input_items', 'responses openai none free /v1/responses/resp_1/input_items')
  check('POST /v1/responses/input_tokens', 'countTokens openai json free /v1/responses/input_tokens')
  check('POST /v1/embeddings', 'embeddings openai json metered /v1/embeddings')
  check('POST /v1/images/generations', 'images openai json metered /v1/images/generations')
  check('POST /v1/images/edits', 'images openai multipart metered /v1/images/edits')
  check('POST /v1/images/variations', 'images openai multipart metered /v1/images/variations')
  check('POST /v1/audio/speech', 'audio.speech openai json metered /v1/audio/speech')
  check('POST /v1/audio/transcriptions', 'audio.transcriptions openai multipart metered /v1/audio/transcriptions')
  check('POST /v1/audio/translations', 'audio.translations openai multipart metered /v1/audio/translations')
  check('POST /v1/moderations', 'moderations openai json metered /v1/moderations')
  check('GET /v1/models', 'models openai none free /v1/models')
  check('GET /v1/models/gpt-4.1', 'models openai none free /v1/models/gpt-4.1')
  check('GET /v1/models/openai%2Fgpt-4.1', 'models openai none free /v1/models/openai%2Fgpt-4.1')
  check('POST /v1/files', 'files openai opaque free /v1/files')
  check('GET /v1/files/file-1/content', 'files openai none free /v1/files/file-1/content')
  check('POST /v1/uploads/up_1/parts', 'files openai opaque free /v1/uploads/up_1/parts')
  check('POST /v1/batches', 'batches openai metadata free /v1/batches')
  check('POST /v1/batches/b_1/cancel', 'batches openai metadata free /v1/batches/b_1/cancel')
  check('GET /v1/chat/completions/c_1/messages', 'chat.completions openai none free /v1/chat/completions/c_1/messages')
})

test('OpenAI paths below the other base URLs that SDKs are given', () => {
  const expected = 'chat.completions openai json metered /v1/chat/completions'
  for (const prefix of ['', '/v1', '/v1beta/openai', '/openai/v1']) check(`POST ${prefix}/chat/completions`, expected)
  check('POST /beta/completions', 'completions openai json metered /beta/completions')
})

test('Anthropic paths, whatever its base URL ends in', () => {
  for (const prefix of ['', '/v1', '/v1/v1', '/anthropic/v1', '/anthropic/v1/v1']) {
    check(`POST ${prefix}/messages`, 'messages anthropic json metered /v1/messages')
    check(`POST ${prefix}/messages/count_tokens`, 'messages.count_tokens anthropic json free /v1/messages/count_tokens')
  }
  check('POST /v1/messages/batches', 'messages.batches anthropic metadata free /v1/messages/batches')
  check('GET /v1/messages/batches/b/results', 'messages.batches anthropic none free /v1/messages/batches/b/results')
  check('POST /v1/messages/batches/b/cancel', 'messages.batches anthropic metadata free /v1/messages/batches/b/cancel')
})

test('a path of several APIs is told apart by the headers', () => {
  check('GET /v1/models', 'models anthropic none free /v1/models', anthropic)
  check('GET /v1/models', 'models anthropic none free /v1/models', { 'x-api-key': 'k' })
  check('GET /v1/models/claude-opus-4-5', 'models anthropic none free /v1/models/claude-opus-4-5', anthropic)
  check('GET /v1/models', 'models google none free /v1/models', { 'x-goog-api-key': 'k' })
  check('GET /v1/files/f/content', 'files anthropic none free /v1/files/f/content', anthropic)
  check('POST /v1/chat/completions', 'chat.completions openai json metered /v1/chat/completions', anthropic)
  check('POST /v1/batches', 'batches openai metadata free /v1/batches', anthropic)
})

test('a key in the query is Gemini’s, and what calls itself Gemini’s is nobody else’s', () => {
  const get = (path: string, headers: Record<string, string>, query = '') =>
    matchEndpoint('GET', path, headers, query)?.dialect
  assert.equal(get('/v1/models', {}, '?key=k'), 'google')
  assert.equal(get('/v1/models/gemini-2.5-pro', {}, '?pageSize=3&key=k'), 'google')
  assert.equal(get('/v1/models', { authorization: 'Bearer k' }, '?key=k'), 'openai')
  assert.equal(get('/v1/models', { 'x-api-key': 'k' }, '?key=k'), 'anthropic')
  assert.equal(get('/v1/models', {}, '?key='), 'google')
  assert.equal(get('/v1/models', {}), 'openai')
  const goog = { 'x-goog-api-key': 'k' }
  for (const method of ['GET', 'POST', 'DELETE'])
    assert.equal(matchEndpoint(method, '/v1/models/gemini-2.5-pro:batchGenerateContent', goog), null)
  assert.equal(matchEndpoint('DELETE', '/v1/models/gemini-2.5-pro', goog), null)
  const encoded = matchEndpoint('POST', '/v1beta/models/gemini-2.5-pro%3AgenerateContent', goog)
  assert.deepEqual(
    [encoded?.modelInPath, encoded?.upstreamPath],
    ['gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
  )
})

test('Gemini paths name model, verb and version', () => {
  const google = (path: string) => matchEndpoint('POST', path)
  const stream = google('/v1beta/models/gemini-2.5-flash:streamGenerateContent')
  assert.deepEqual(stream, {
    endpoint: 'generateContent',
    dialect: 'google',
    body: 'json',
    metered: true,
    modelInPath: 'gemini-2.5-flash',
    streamInPath: true,
    upstreamPath: '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
  })
  assert.equal(google('/v1/models/gemini-2.5-pro:generateContent')?.streamInPath, false)
  assert.equal(google('/v1alpha/models/g:embedContent')?.endpoint, 'embedContent')
  assert.equal(google('/v1beta/models/g:batchEmbedContents')?.endpoint, 'embedContent')
  assert.equal(google('/v1beta/models/g:countTokens')?.endpoint, 'countTokens')
  assert.equal(google('/v1beta/tunedModels/mine:generateContent')?.modelInPath, 'tunedModels/mine')
  assert.equal(google('/v1beta/models/a%3Ab:generateContent')?.modelInPath, 'a:b')
  check('GET /v1beta/models', 'models google none free /v1beta/models')
  check('GET /v1beta/models/gemini-2.5-pro', 'models google none free /v1beta/models/gemini-2.5-pro')
})

test('what belongs to the console or to nobody is left alone', () => {
  for (const path of [
    '/',
    '/health',
    '/metrics',
    '/v1/logs/query',
    '/v1/dashboard/costs',
    '/v1/billing/webhook',
    '/api/v1/usage',
  ]) {
    for (const method of ['GET', 'POST']) check(`${method} ${path}`, null)
  }
  check('GET /models', null)
  check('GET /v1/messages', null)
  check('PUT /v1/chat/completions', null)
  check('POST /v1/organization/admin_api_keys', null)
  check('GET /v1/organization/costs', null)
  check('POST /v1/chat/completions/', null)
  check('POST /v1beta/models/g:deleteEverything', null)
  check('GET /v1beta/models/g:generateContent', null)
  check('DELETE /v1beta/models/g', null)
})

test('no segment can climb out of its path, encoded or not', () => {
  for (const segment of [
    '..',
    '.',
    '%2e%2e',
    '..%2forganization',
    'a%2F..%2Fb',
    '..%5cb',
    'a%00',
    'a%0d%0aHost:x',
    '%',
    '%zz',
    'a%3fb',
    'a%23b',
    '%252e%252e',
    '',
  ]) {
    check(`GET /v1/files/${segment}`, null)
    check(`POST /v1beta/models/${segment}:generateContent`, null)
    check(`GET /v1/models/${segment}`, null, anthropic)
  }
})

test('any method and path get an answer', () => {
  const part = fc.constantFrom('/v1', '/v1beta', '/models', '/files', '/', ':', 'generateContent', '%2e', '*', 'x')
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH'),
      fc.array(part, { maxLength: 8 }),
      (method, parts) => {
        const match = matchEndpoint(method, parts.join(''))
        if (match !== null) assert.ok(!match.upstreamPath.includes('*') || parts.includes('*'))
      },
    ),
  )
})
