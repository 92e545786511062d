import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EndpointMatch, matchEndpoint } from '../endpoints.ts'
import { editRequest, type RequestChanges } from './edit-request.ts'
import { readRequest } from './read-request.ts'

const chat = '/v1/chat/completions'
const nothing: RequestChanges = { stripMetadata: [], askForUsage: false }

function endpoint(path: string): EndpointMatch {
  return matchEndpoint('POST', path) ?? assert.fail(path)
}

function edit(path: string, body: Buffer, changes: Partial<RequestChanges>, contentType = 'application/json'): Buffer {
  const reading = readRequest({ match: endpoint(path), contentType, body })
  if (reading.kind !== 'read') return assert.fail(reading.message)
  return editRequest(body, reading.facts, { ...nothing, ...changes })
}

function check(path: string, body: string, changes: Partial<RequestChanges>, expected: string): void {
  assert.equal(edit(path, Buffer.from(body), changes).toString(), expected)
}

test('without a reason to change anything the very same buffer comes back', () => {
  const body = Buffer.from('{"model":"m","metadata":{"other":1},"stream":true,"stream_options":{"include_usage":true}}')
  assert.equal(edit(chat, body, { model: 'm', stripMetadata: ['project'], askForUsage: true }), body)
  const plain = Buffer.from('{"model":"m"}')
  assert.equal(edit(chat, plain, { askForUsage: true }), plain)
})

test('a model is replaced where it stands', () => {
  check(
    chat,
    '{ "messages" : [ {"model":"fast"} ] , "model" : "fast" , "x":1.0 }',
    { model: 'gpt-4.1' },
    '{ "messages" : [ {"model":"fast"} ] , "model" : "gpt-4.1" , "x":1.0 }',
  )
  check(chat, '{"\\u006dodel":"f\\u0061st"}', { model: 'a"b' }, '{"\\u006dodel":"a\\"b"}')
})

test('attribution leaves the metadata, and empty metadata leaves the body', () => {
  const changes = { stripMetadata: ['project', 'department'] }
  check(chat, '{"model":"m","metadata":{"project":"p","mine":1}}', changes, '{"model":"m","metadata":{"mine":1}}')
  check(
    chat,
    '{"model":"m","metadata":{"mine":1, "project":"p" , "department":"d"}}',
    changes,
    '{"model":"m","metadata":{"mine":1}}',
  )
  check(chat, '{"model":"m", "metadata":{"project":"p"}, "n":1}', changes, '{"model":"m", "n":1}')
  check(chat, '{"metadata": {"project":"p"} , "model":"m"}', changes, '{"model":"m"}')
  check(
    chat,
    '{"model":"m","metadata":{"project":"a","project":"b","x":1}}',
    changes,
    '{"model":"m","metadata":{"x":1}}',
  )
  check(chat, '{"model":"m","metadata":{"pro\\u006aect":"a"}}', changes, '{"model":"m"}')
  check(chat, '{"model":"m","metadata":null}', changes, '{"model":"m","metadata":null}')
})

test("Anthropic's own user id stays for Anthropic only", () => {
  const body = '{"model":"m","metadata":{"user_id":"u","project":"p"}}'
  const changes = { stripMetadata: ['user_id', 'project'] }
  check('/v1/messages', body, changes, '{"model":"m","metadata":{"user_id":"u"}}')
  check(chat, body, changes, '{"model":"m"}')
})

test('usage is asked for whatever stands there', () => {
  const ask = { askForUsage: true }
  check(chat, '{"model":"m","stream":true}', ask, '{"model":"m","stream":true,"stream_options":{"include_usage":true}}')
  check(
    chat,
    '{"model":"m","stream":true,"stream_options":null}',
    ask,
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  )
  check(
    chat,
    '{"model":"m","stream":true,"stream_options":{}}',
    ask,
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  )
  check(
    chat,
    '{"model":"m","stream":true,"stream_options":{"include_usage":false, "x":1}}',
    ask,
    '{"model":"m","stream":true,"stream_options":{"include_usage":true, "x":1}}',
  )
  check(
    chat,
    '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false}}',
    ask,
    '{"model":"m","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}',
  )
  check(chat, '{"model":"m","stream":true,"stream_options":3}', ask, '{"model":"m","stream":true,"stream_options":3}')
  check('/v1/messages', '{"model":"m","stream":true}', ask, '{"model":"m","stream":true}')
})

test('a Gemini model is replaced wherever the body repeats it', () => {
  check(
    '/v1beta/models/fast:batchEmbedContents',
    '{"requests":[{"model":"models/fast","content":{}}, {"content":{}} ,{"model":"models/fast"}]}',
    { model: 'gemini-embedding-001' },
    '{"requests":[{"model":"models/gemini-embedding-001","content":{}}, {"content":{}} ,{"model":"models/gemini-embedding-001"}]}',
  )
  check(
    '/v1beta/models/fast:countTokens',
    '{"generateContentRequest":{"model":"models/fast"}}',
    { model: 'g' },
    '{"generateContentRequest":{"model":"models/g"}}',
  )
  check(
    '/v1beta/models/fast:embedContent',
    '{"model":"models/fast"}',
    { model: 'tunedModels/t' },
    '{"model":"tunedModels/t"}',
  )
})

test('the model of an upload is replaced inside its part', async () => {
  const form = new FormData()
  form.set('file', new File([Buffer.from('\r\n--not-the-boundary\r\nname="model"\r\n\r\nfast')], 'a.mp3'))
  form.set('model', 'fast')
  form.set('language', 'de')
  const response = new Response(form)
  const body = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type') ?? ''
  const edited = edit('/v1/audio/transcriptions', body, { model: 'whisper-1' }, type)
  const at = body.indexOf('\r\n\r\nfast\r\n', body.indexOf('form-data; name="model"')) + 4
  assert.deepEqual(edited, Buffer.concat([body.subarray(0, at), Buffer.from('whisper-1'), body.subarray(at + 4)]))
  assert.equal(edit('/v1/audio/transcriptions', body, { stripMetadata: ['x'], askForUsage: true }, type), body)
})

test('the edited body means what a naive edit of the parsed one means', () => {
  const metadata = fc.dictionary(
    fc.constantFrom('project', 'department', 'user_id', 'mine', '__proto__x', ''),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const options = fc.oneof(fc.constant(null), fc.dictionary(fc.constantFrom('include_usage', 'other'), fc.boolean()))
  const members = fc.record(
    {
      messages: fc.jsonValue({ maxDepth: 4 }),
      metadata,
      stream_options: options,
      stream: fc.constant(true),
      'a "key': fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const changes = fc.record({
    model: fc.string(),
    askForUsage: fc.boolean(),
    stripMetadata: fc.subarray(['project', 'department', 'user_id']),
  })
  fc.assert(
    fc.property(members, fc.nat(3), fc.nat(5), changes, (rest, indent, place, wanted) => {
      const entries: [string, unknown][] = Object.entries(rest)
      entries.splice(place, 0, ['model', 'requested'])
      const body = Buffer.from(JSON.stringify(Object.fromEntries(entries), null, indent))
      const naive = JSON.parse(body.toString())
      naive.model = wanted.model
      if (naive.metadata !== undefined) {
        const before = Object.keys(naive.metadata).length
        for (const key of wanted.stripMetadata) delete naive.metadata[key]
        const left = Object.keys(naive.metadata).length
        if (left === 0 && before > 0) delete naive.metadata
      }
      if (wanted.askForUsage && naive.stream === true)
        naive.stream_options = { ...naive.stream_options, include_usage: true }
      assert.deepEqual(JSON.parse(edit(chat, body, wanted).toString()), naive)
    }),
    { numRuns: 300 },
  )
})

test('the models of 200,000 inner requests are replaced', () => {
  const requests = (model: string) =>
    `{"requests":[${Array.from({ length: 200_000 }, () => `{"model":"models/${model}"}`).join(',')}]}`
  const edited = edit('/v1beta/models/fast:batchEmbedContents', Buffer.from(requests('fast')), { model: 'slow' })
  assert.ok(edited.equals(Buffer.from(requests('slow'))))
})
