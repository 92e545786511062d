import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchEndpoint } from '../endpoints.ts'
import { readRequest } from './read-request.ts'

const chat = '/v1/chat/completions'
const messages = '/v1/messages'
const generate = '/v1beta/models/gemini-2.5-flash:generateContent'

function read(path: string, body: string) {
  const match = matchEndpoint('POST', path) ?? assert.fail(path)
  return readRequest({ match, contentType: 'application/json', body: Buffer.from(body) })
}

function reads(path: string, body: string): void {
  const reading = read(path, body)
  if (reading.kind === 'refused') assert.fail(reading.message)
}

function refuses(path: string, body: string, code: string, message: RegExp): void {
  const reading = read(path, body)
  if (reading.kind !== 'refused') assert.fail(`served ${body.slice(0, 80)}`)
  assert.equal(reading.code, code)
  assert.match(reading.message, message)
}

/** A body that is large enough for its structure to be counted. */
function padded(members: string): string {
  return `{"model":"m","pad":"${'x'.repeat(262_144)}",${members}}`
}

test('a large body whose structure is beyond any request is refused', () => {
  const deep = (levels: number) => `"messages":${'['.repeat(levels)}${']'.repeat(levels)}`
  reads(chat, padded(deep(999)))
  refuses(chat, padded(deep(1_000)), 'invalid_request', /nested more than 1,000 deep/)
  refuses(chat, '['.repeat(1_000_000), 'invalid_request', /nested/)
  const many = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')
  reads(chat, padded(`"metadata":{${many(10_000)}}`))
  for (const path of [chat, messages, generate]) {
    refuses(path, padded(`"metadata":{${many(10_001)}}`), 'invalid_request', /objects has more than 10,000 members/)
  }
  refuses(chat, padded(many(10_000)), 'invalid_request', /more than 10,000 members/)
  refuses(chat, padded(`"messages":[${'1,'.repeat(2_000_000)}1]`), 'invalid_request', /more than 2,000,000 values/)
  const objects = Array.from({ length: 20_001 }, (_, index) => `{"k${index}":1}`).join(',')
  refuses(chat, padded(`"messages":[${objects}]`), 'invalid_request', /too many different names/)
})

test('large bodies of ordinary requests are read', () => {
  const part = { type: 'text', text: 'x' }
  const turns = Array.from({ length: 200_000 }, () => ({ role: 'user', content: [part, part] }))
  reads(chat, JSON.stringify({ model: 'm', messages: turns }))
  const tokens = Array.from({ length: 300_000 }, (_, index) => index)
  reads('/v1/embeddings', JSON.stringify({ model: 'm', input: tokens }))
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(4_000_000)}` } }
  reads(chat, JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [picture] }] }))
})

test('lists nested 100,000 deep are no fault where a text should stand', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  reads(chat, `{"model":"m","modalities":[${deep}]}`)
  refuses(generate, `{"model":${deep}}`, 'invalid_request', /must be a string/)
  refuses(generate, `{"generateContentRequest":{"model":${deep}}}`, 'invalid_request', /the body "what is no string"/)
})

test('what stands twice is found in a large body as well', () => {
  refuses(chat, padded('"model":"n"'), 'invalid_request', /"model" stands more than once/)
  refuses(chat, padded('"mod\\u0065l":"n"'), 'invalid_request', /"model" stands more than once/)
  reads(chat, padded('"x":1,"x":2'))
})
