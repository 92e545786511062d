import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EndpointMatch, matchEndpoint } from '../endpoints.ts'
import { editRequest } from './edit-request.ts'
import { readRequest } from './read-request.ts'

const stripMetadata = ['department', 'project', 'user_id']
const batches = '/v1/batches'
const messages = '/v1/messages/batches'

function endpoint(path: string): EndpointMatch {
  return matchEndpoint('POST', path) ?? assert.fail(path)
}

function read(path: string, body: string | Buffer, contentType = 'application/json') {
  return readRequest({ match: endpoint(path), contentType, body: Buffer.from(body) })
}

function facts(path: string, body: string) {
  const reading = read(path, body)
  return reading.kind === 'read' ? reading.facts : assert.fail(reading.message)
}

function edit(path: string, body: Buffer, strip = stripMetadata): Buffer {
  return editRequest(body, facts(path, body.toString()), { stripMetadata: strip, askForUsage: false })
}

function check(path: string, body: string, expected: string): void {
  assert.equal(edit(path, Buffer.from(body)).toString(), expected)
}

function refuses(path: string, body: string | Buffer, code: string, contentType?: string): void {
  const reading = read(path, body, contentType)
  assert.equal(reading.kind === 'refused' ? reading.code : `served ${String(body).slice(0, 80)}`, code)
}

test('of a batch only the metadata is read, not the model', () => {
  const { metadata, model, stream } = facts(batches, '{"model":"m","stream":true,"metadata":{"project":"p"}}')
  assert.deepEqual([metadata, model, stream], [{ project: 'p' }, null, false])
  assert.equal(facts(batches, '{"metadata":null}').metadata, null)
  assert.equal(facts(batches, '{}').requestsMetadata, undefined)
  assert.deepEqual(facts('/v1/chat/completions/c_1', '{"metadata":{"d\\u0065partment":"d"}}').metadata, {
    department: 'd',
  })
})

test('whole numbers that a double cannot hold are read as they are written, wherever metadata stands', () => {
  const metadata =
    '{"user_id":12345678901234567890,"project":1e400,"department":7,"cost_center":1.50,"tags":{"a":-9007199254740993},"d\\u0065":1}'
  const exact = {
    ...{ user_id: '12345678901234567890', project: '1e400', department: 7, cost_center: 1.5, de: 1 },
    tags: { a: '-9007199254740993' },
  }
  for (const path of [batches, '/v1/chat/completions', '/v1/responses', '/v1/messages']) {
    const body = `{"model":"m","max_tokens":1,"input":"x","messages":[],"metadata":${metadata}}`
    assert.deepEqual(facts(path, body).metadata, exact, path)
  }
  const requests = `{"requests":[{"custom_id":"a","params":{"model":"m","metadata":${metadata}}}]}`
  assert.deepEqual(facts(messages, requests).requestsMetadata, [exact])
})

test('calls without a body stay so', () => {
  for (const path of ['/v1/batches/b_1/cancel', '/v1/responses/r_1/cancel', '/v1/messages/batches/b_1/cancel']) {
    assert.equal(read(path, '', '').kind, 'read')
    assert.equal(read(path, '', 'application/x-www-form-urlencoded').kind, 'read')
  }
})

test('what two readers could read in two ways is refused', () => {
  refuses(batches, '{"metadata":{},"metadata":{}}', 'invalid_request')
  refuses(batches, '{"metadata":{},"met\\u0061data":{}}', 'invalid_request')
  refuses(batches, '{"METADATA":{}}', 'invalid_request')
  refuses(messages, '{"requests":[],"requests":[]}', 'invalid_request')
  refuses(messages, '{"Requests":[]}', 'invalid_request')
  assert.equal(read(batches, '{"prompt":1,"prompt":2,"N":1}').kind, 'read', 'nothing of which is read here')
  refuses(batches, '{"metadata":', 'invalid_json')
  refuses(batches, Buffer.from([0x22, 0xff, 0x22]), 'invalid_json')
  refuses(batches, '[]', 'invalid_request')
  refuses(batches, '{}', 'unsupported_content_type', 'text/plain')
})

test('every other byte of a batch stays', () => {
  const rest = '"input_file_id" : "file_1" ,\n "x":1.0 '
  check(
    batches,
    `{ "metadata" : { "project":"x", "own" : 1.0 } , ${rest}}`,
    `{ "metadata" : { "own" : 1.0 } , ${rest}}`,
  )
  check(batches, `{"metadata":{"project":"x","user_id":"u"},${rest}}`, `{${rest}}`)
  const plain = Buffer.from(`{"metadata":{"own":"1"},${rest}}`)
  assert.equal(edit(batches, plain), plain)
})

test('each request of a batch of messages loses what is ours and keeps its user id', () => {
  check(
    messages,
    '{"requests":[ {"custom_id":"1","params":{"metadata":{"user_id":"u","project":"p"},"max_tokens":1.0}},' +
      '{"params":{"x":1, "metadata" : {"proj\\u0065ct":"p"}}} , {"params":{"metadata":{}}},{"params":{"metadata":null}}]}',
    '{"requests":[ {"custom_id":"1","params":{"metadata":{"user_id":"u"},"max_tokens":1.0}},' +
      '{"params":{"x":1}} , {"params":{"metadata":{}}},{"params":{"metadata":null}}]}',
  )
  check(messages, '{"metadata":{"user_id":"u","own":1},"requests":[]}', '{"metadata":{"own":1},"requests":[]}')
  check(
    messages,
    '{"requests":[{"params":{"metadata":{"project":"p"},"metadata":{"project":"q","own":1}},"params":{"metadata":{"project":"r"}}}]}',
    '{"requests":[{"params":{"metadata":{"own":1}},"params":{}}]}',
  )
  const kept = Buffer.from('{"requests":[{"params":{"metadata":{"project":"p"}}}]}')
  assert.equal(edit(messages, kept, []), kept)
})

test('what is no list of requests is left to the provider', () => {
  for (const body of ['{}', '{"requests":{}}', '{"requests":[1,"x",null,[],{"params":7}]}', '{"requests":[]}']) {
    const bytes = Buffer.from(body)
    assert.equal(edit(messages, bytes), bytes)
    assert.deepEqual(facts(messages, body).requestsMetadata, [])
  }
})

test('metadata that many requests share is read once', () => {
  const request = '{"params":{"metadata":{"project":"p"}}}'
  const body = `{"requests":[${Array(100).fill(request).join(',')},{"params":{"metadata":7}}]}`
  assert.deepEqual(facts(messages, body).requestsMetadata, [{ project: 'p' }, 7])
})

test('a batch has no more requests than Anthropic takes', () => {
  const of = (count: number) => `{"requests":[${Array(count).fill('{"params":{}}').join(',')}]}`
  assert.equal(read(messages, of(100_000)).kind, 'read')
  refuses(messages, of(100_001), 'invalid_request')
})

test('an edit is what a naive one would be', () => {
  const metadata = fc.dictionary(fc.constantFrom('department', 'project', 'user_id', 'own', 'a"\\b'), fc.jsonValue())
  const request = fc.record({ custom_id: fc.string(), params: fc.record({ model: fc.string(), metadata }) })
  const batch = fc.record({ metadata, requests: fc.array(request), other: fc.jsonValue() })
  fc.assert(
    fc.property(batch, fc.integer({ min: 0, max: 2 }), (given, indent) => {
      // As JSON has it: `-0` is 0 there.
      const body = JSON.stringify(given, null, indent)
      const expected: typeof given = JSON.parse(body)
      strip(expected, ['department', 'project', 'user_id'])
      for (const { params } of expected.requests) strip(params, ['department', 'project'])
      assert.deepEqual(JSON.parse(edit(messages, Buffer.from(body)).toString()), expected)
    }),
  )
})

/** Metadata of which nothing is left goes as a whole. */
function strip(owner: { metadata?: Record<string, unknown> }, keys: readonly string[]): void {
  const { metadata = {} } = owner
  const before = Object.keys(metadata).length
  for (const key of keys) delete metadata[key]
  if (before > 0 && Object.keys(metadata).length === 0) delete owner.metadata
}
