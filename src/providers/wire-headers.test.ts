import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientHeaders, requestHeaderFilter } from './wire-headers.ts'

const filter = requestHeaderFilter(['X-Company-JWT'])
const credential = ['authorization', 'Bearer upstream']
const tail = ['accept-encoding', 'identity', ...credential]

/** A request of the OpenAI SDK with everything on it that must not go further. */
const openaiRequest = [
  'Host',
  '127.0.0.1:4000',
  'Connection',
  'keep-alive',
  'Accept',
  'application/json',
  'Content-Type',
  'application/json',
  'User-Agent',
  'OpenAI/JS 7.57.0',
  'X-Stainless-Lang',
  'js',
  'X-Stainless-Retry-Count',
  '0',
  'Authorization',
  'Bearer tg-secret',
  'OpenAI-Beta',
  'assistants=v2',
  'Content-Length',
  '120',
  'Accept-Encoding',
  'gzip, deflate',
  'Cookie',
  'a=b',
  'X-Forwarded-For',
  '10.0.0.1',
  'Via',
  '1.1 proxy',
  'X-Cost-Center',
  'cc',
  'X-USER-ID',
  'u',
  'x-session-id',
  's',
  'X-Request-ID',
  'r',
  'X-Department',
  'd',
  'X-Project',
  'p',
  'X-Feature-Flag',
  'f',
  'X-Request-Path',
  '/x',
  'X-Tollgate-Tags',
  'a=b',
  'x-company-jwt',
  'secret',
  'Proxy-Authorization',
  'Basic x',
  'Idempotency-Key',
  'stainless-1',
]

test('the request keeps what the provider may see, in order and spelling', () => {
  assert.deepEqual(filter(openaiRequest, credential), [
    'Accept',
    'application/json',
    'Content-Type',
    'application/json',
    'User-Agent',
    'OpenAI/JS 7.57.0',
    'X-Stainless-Lang',
    'js',
    'X-Stainless-Retry-Count',
    '0',
    'OpenAI-Beta',
    'assistants=v2',
    'Idempotency-Key',
    'stainless-1',
    ...tail,
  ])
})

test("no carrier of the caller's credential goes further, Anthropic's own headers do", () => {
  const sent = [
    'x-api-key',
    'tg',
    'X-Goog-Api-Key',
    'tg',
    'AUTHORIZATION',
    'Bearer tg',
    'api-key',
    'tg',
    'anthropic-version',
    '2023-06-01',
    'anthropic-beta',
    'a,b',
  ]
  assert.deepEqual(filter(sent, credential), ['anthropic-version', '2023-06-01', 'anthropic-beta', 'a,b', ...tail])
})

test('headers that Connection names stay on their connection, but never the content type', () => {
  const sent = [
    'Connection',
    'close, X-Hop, content-type',
    'X-Hop',
    '1',
    'Content-Type',
    'application/json',
    'X-Kept',
    '2',
  ]
  assert.deepEqual(filter(sent, []), ['Content-Type', 'application/json', 'X-Kept', '2', 'accept-encoding', 'identity'])
})

test('headers of an answer that its Connection names stay on their connection, but never what says how to read it', () => {
  const sent = {
    'content-type': 'text/plain',
    'content-encoding': 'gzip',
    'x-hop': '1',
    'x-other': ['2', '3'],
    'retry-after': '1',
    'x-kept': '4',
  }
  const kept = ['content-type', 'text/plain', 'content-encoding', 'gzip', 'x-kept', '4']
  for (const connection of [
    'close, X-Hop, content-type, X-Other,Retry-After\t, Content-Encoding',
    ['X-Hop', 'keep-alive, x-other', 'retry-after'],
  ]) {
    assert.deepEqual(clientHeaders({ ...sent, connection }), kept)
    assert.deepEqual(clientHeaders({ connection, ...sent }), kept)
  }
})

test('the answer keeps rate limits and ids, and loses what names our account', () => {
  const kept = clientHeaders({
    'content-type': 'text/event-stream',
    'x-request-id': 'req_1',
    'request-id': 'req_2',
    'x-ratelimit-remaining-tokens': '10',
    'anthropic-ratelimit-requests-limit': '5',
    'retry-after': '2',
    'openai-organization': 'org-1',
    'openai-project': 'proj_1',
    'openai-version': '2020-10-01',
    'anthropic-organization-id': 'x',
    'set-cookie': ['a=b', 'c=d'],
    'transfer-encoding': 'chunked',
    'content-length': '10',
    connection: 'keep-alive',
    'keep-alive': 'timeout=5',
    'strict-transport-security': 'max-age=1',
    'access-control-allow-origin': '*',
    'x-tollgate-cost-usd': '0',
    warning: ['a', 'b'],
    absent: undefined,
  })
  assert.deepEqual(kept, [
    'content-type',
    'text/event-stream',
    'x-upstream-request-id',
    'req_1',
    'request-id',
    'req_2',
    'x-ratelimit-remaining-tokens',
    '10',
    'anthropic-ratelimit-requests-limit',
    '5',
    'retry-after',
    '2',
    'openai-version',
    '2020-10-01',
    'warning',
    'a',
    'warning',
    'b',
  ])
})

test('nothing in an answer leads to somewhere else', () => {
  const elsewhere = 'https://evil.example.com/'
  const kept = clientHeaders({
    location: elsewhere,
    refresh: `0; url=${elsewhere}`,
    link: [`<${elsewhere}>; rel="next"`, `<${elsewhere}>; rel="preload"`],
    'content-location': elsewhere,
    'x-accel-redirect': '/internal',
    'x-sendfile': '/etc/passwd',
    'www-authenticate': 'Basic realm="provider"',
    'retry-after': '2',
  })
  assert.deepEqual(kept, ['retry-after', '2'])
})
