import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EndpointMatch, matchEndpoint } from '../endpoints.ts'
import type { RequestFacts } from './facts.ts'
import { readRequest } from './read-request.ts'

function endpoint(path: string): EndpointMatch {
  return matchEndpoint('POST', path) ?? assert.fail(path)
}

function read(path: string, body: string | Buffer, contentType = 'application/json') {
  return readRequest({ match: endpoint(path), contentType, body: Buffer.from(body) })
}

function facts(path: string, body: unknown): RequestFacts {
  const reading = read(path, JSON.stringify(body))
  return reading.kind === 'read' ? reading.facts : assert.fail(reading.message)
}

/** What of the facts differs from a plain request's. */
function check(path: string, body: unknown, expected: Partial<RequestFacts>): void {
  const got = facts(path, body)
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(got[name as keyof RequestFacts], value, name)
}

function refuses(path: string, body: string | Buffer, code: string, message: RegExp, contentType?: string): void {
  const reading = read(path, body, contentType)
  if (reading.kind !== 'refused') assert.fail(`served ${String(body).slice(0, 80)}`)
  assert.equal(reading.code, code)
  assert.match(reading.message, message)
}

const chat = '/v1/chat/completions'
const messages = '/v1/messages'
const generate = '/v1beta/models/gemini-2.5-flash:generateContent'

test('an OpenAI chat request', () => {
  const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] }
  check(chat, body, {
    dialect: 'openai',
    model: 'gpt-4.1',
    stream: false,
    includeUsage: 'n/a',
    inputs: 1,
    metadata: null,
    outputLimitTokens: null,
    hasMediaInput: false,
  })
  check(
    chat,
    { ...body, stream: true, n: 3, max_tokens: 5 },
    { stream: true, includeUsage: 'not_asked', outputLimitTokens: 5 },
  )
  check(chat, { ...body, max_tokens: 5, max_completion_tokens: 7 }, { outputLimitTokens: 7 })
  check(chat, { ...body, stream: true, stream_options: { include_usage: true } }, { includeUsage: 'asked' })
  check(chat, { ...body, stream: true, stream_options: { include_usage: false } }, { includeUsage: 'not_asked' })
  check(chat, { ...body, stream: true, stream_options: null }, { includeUsage: 'not_asked' })
  check(chat, { ...body, stream: null }, { stream: false })
  check(chat, { ...body, metadata: { project: 'search' } }, { metadata: { project: 'search' } })
  check('/v1/completions', { model: 'm', prompt: 'x', stream: true }, { includeUsage: 'not_asked' })
})

test('a Responses request', () => {
  check(
    '/v1/responses',
    { model: 'gpt-5', input: 'Hi', stream: true, max_output_tokens: 9 },
    { stream: true, includeUsage: 'n/a', outputLimitTokens: 9, background: false },
  )
  check('/v1/responses', { prompt: { id: 'pmpt_1' }, background: true }, { model: null, background: true })
})

test('an Anthropic request', () => {
  const body = { model: 'claude-opus-4-5', max_tokens: 100, messages: [], metadata: { user_id: 'u-1' } }
  check(
    messages,
    { ...body, stream: true },
    { dialect: 'anthropic', stream: true, includeUsage: 'n/a', outputLimitTokens: 100 },
  )
})

test('a Gemini request takes model and streaming from its path', () => {
  check(
    generate,
    { contents: [], generationConfig: { maxOutputTokens: 8, candidateCount: 2 } },
    { model: 'gemini-2.5-flash', stream: false, outputLimitTokens: 8 },
  )
  check(generate, { contents: [], generation_config: { max_output_tokens: 8 } }, { outputLimitTokens: 8 })
  check('/v1beta/models/g:streamGenerateContent', { contents: [] }, { stream: true, includeUsage: 'n/a' })
  check('/v1beta/models/g:embedContent', { model: 'models/g', content: {} }, { model: 'g' })
})

test('media are seen and not counted as text', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'iVBORw0KGgo'.repeat(1_000)}` } }
  const seen = facts(chat, {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, image] }],
  })
  assert.equal(seen.hasMediaInput, true)
  assert.ok(seen.inputChars < 200)
  const inline = { inlineData: { mimeType: 'image/png', data: 'A'.repeat(5_000) } }
  const gemini = facts(generate, { contents: [{ parts: [inline] }] })
  assert.ok(gemini.hasMediaInput && gemini.inputChars < 200)
  assert.ok(
    facts(chat, { model: 'm', messages: [{ role: 'user', content: 'long words '.repeat(500) }] }).inputChars > 5_000,
  )
})

test('what is not JSON is refused with its place and without its content', () => {
  refuses(chat, '{"model": secret}', 'invalid_json', /position 10/)
  refuses(chat, '', 'invalid_json', /empty/)
  refuses(chat, '{"model":"m"', 'invalid_json', /position 12/)
  refuses(chat, '{"model":"m"}}', 'invalid_json', /position 13/)
  refuses(chat, '\ufeff{"model":"m"}', 'invalid_json', /./)
  const reading = read(chat, '{"model": secret}')
  assert.ok(reading.kind === 'refused' && !reading.message.includes('secret'))
})

test('invalid UTF-8 is refused with its byte', () => {
  refuses(
    chat,
    Buffer.concat([Buffer.from('{"model":"é\ufffd'), Buffer.from([0xff]), Buffer.from('"}')]),
    'invalid_json',
    /byte 15/,
  )
  refuses(chat, Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xe2, 0x82])]), 'invalid_json', /byte 10/)
})

test('the first byte that is not UTF-8 is named wherever it stands', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), text, fc.constantFrom('é', '中', '🙂'), (pieces, before, char) => {
      // Its characters lie across the ends of the pieces that are checked at once.
      const head = Buffer.from(before + char.repeat(Math.ceil((pieces * 65_536) / Buffer.byteLength(char))))
      refuses(
        chat,
        Buffer.concat([head, Buffer.from([0xff]), head]),
        'invalid_json',
        new RegExp(`byte ${head.length}\\)`),
      )
      const cut = Buffer.from(char).subarray(0, -1)
      refuses(chat, Buffer.concat([head, cut]), 'invalid_json', new RegExp(`byte ${head.length}\\)`))
    }),
    { numRuns: 50 },
  )
})

test('what is no request is refused', () => {
  for (const body of ['[]', '"x"', '1', 'null']) refuses(chat, body, 'invalid_request', /object/)
  refuses(chat, '{"messages":[]}', 'invalid_request', /model/)
  refuses(chat, '{"model":""}', 'invalid_request', /model/)
  refuses(chat, '{"model":1}', 'invalid_request', /string/)
  refuses(chat, '{"model":["gpt-4.1"]}', 'invalid_request', /string/)
  refuses(chat, '{"model":"m","stream":"true"}', 'invalid_request', /stream/)
  refuses(messages, '{"max_tokens":1}', 'invalid_request', /model/)
})

test('two values for what decides something are refused, however the key is written', () => {
  refuses(chat, '{"model":"gpt-4.1-nano","model":"gpt-5-pro"}', 'invalid_request', /more than once/)
  refuses(chat, '{"model":"gpt-4.1-nano","mod\\u0065l":"gpt-5-pro"}', 'invalid_request', /more than once/)
  refuses(chat, '{"model":"m","stream":false,"stream":true}', 'invalid_request', /"stream"/)
  refuses(chat, '{"model":"m","metadata":{},"metadata":{}}', 'invalid_request', /"metadata"/)
  refuses(generate, '{"generationConfig":{},"generationConfig":{}}', 'invalid_request', /generationConfig/)
  assert.equal(read(chat, '{"model":"m","temperature":1,"temperature":2}').kind, 'read')
  assert.equal(read(chat, '{"model":"m","messages":[{"model":1,"model":2}]}').kind, 'read')
})

test('a name that decides something in another case is refused, alone and beside the right one', () => {
  refuses(chat, '{"model":"gpt-4.1-nano","Model":"gpt-5-pro"}', 'invalid_request', /^"Model" must be written "model"$/)
  refuses(chat, '{"MODEL":"gpt-5-pro","model":"gpt-4.1-nano"}', 'invalid_request', /"MODEL"/)
  // A model that only the relay sees is one that no key's list of models was asked for.
  refuses('/v1/responses', '{"input":"x","Model":"gpt-5-pro"}', 'invalid_request', /"Model"/)
  refuses(chat, '{"model":"m","N":8}', 'invalid_request', /"N" must be written "n"/)
  refuses(messages, '{"model":"m","Thread":{}}', 'invalid_request', /"Thread" must be written "thread"/)
  refuses('/v1/responses', '{"model":"m","multi_Agent":{}}', 'invalid_request', /must be written "multi_agent"/)
  refuses(messages, '{"model":"m","fallbacks":[],"fallbacks":"default"}', 'invalid_request', /stands more than once/)
  refuses(generate, '{"generationConfig":{"RoutingConfig":{}}}', 'invalid_request', /must be written "routingConfig"/)
  // Go takes the long s for an s and the Kelvin sign for a k.
  refuses(chat, '{"model":"m","\u017ftream":true}', 'invalid_request', /must be written "stream"/)
  refuses(chat, '{"model":"m","bac\u212aground":true}', 'invalid_request', /must be written "background"/)
  refuses(chat, '{"model":"m","stream":true,"stream_options":{"Include_Usage":false}}', 'invalid_request', /Include/)
  refuses(messages, '{"model":"m","thinking":{"type":"disabled","Type":"enabled"}}', 'invalid_request', /"Type"/)
  refuses(generate, '{"generationConfig":{"MaxOutputTokens":9}}', 'invalid_request', /"maxOutputTokens"/)
  refuses(generate, '{"generationconfig":{}}', 'invalid_request', /"generationConfig"/)
  assert.equal(read(chat, '{"model":"m","Temperature":1,"User":"x","metadata":{"Model":"x","Type":1}}').kind, 'read')
  assert.equal(read(chat, '{"model":"m","tools":[{"type":"function","function":{"name":"N"}}]}').kind, 'read')
})

test('a Gemini body that says the same in both spellings is refused', () => {
  const both = /^"(\w+)" and "\w+" are the same: send one of them$/
  refuses(generate, '{"generationConfig":{"maxOutputTokens":5},"generation_config":{}}', 'invalid_request', both)
  refuses(generate, '{"generationConfig":{"maxOutputTokens":5,"max_output_tokens":9}}', 'invalid_request', both)
  refuses(generate, '{"generation_config":{"candidateCount":1,"candidate_count":8}}', 'invalid_request', both)
  refuses(
    generate,
    '{"generationConfig":{"thinkingConfig":{"thinkingBudget":0,"thinking_budget":-1}}}',
    'invalid_request',
    both,
  )
  refuses(generate, '{"service_tier":"standard","serviceTier":"priority"}', 'invalid_request', both)
  assert.equal(read(generate, '{"system_instruction":{},"generationConfig":{"top_p":1}}').kind, 'read')
})

test('whatever cases the names have, either nothing but the right one is read or the body is refused', () => {
  const name = fc.constantFrom('model', 'stream', 'n', 'max_tokens', 'service_tier', 'tools', 'temperature', 'user')
  const cased = name.chain((plain) =>
    fc.array(fc.boolean(), { minLength: plain.length, maxLength: plain.length }).map((upper) => ({
      plain,
      text: [...plain].map((char, at) => (upper[at] ? char.toUpperCase() : char)).join(''),
    })),
  )
  const deciding = (plain: string) => plain !== 'temperature' && plain !== 'user'
  fc.assert(
    fc.property(fc.uniqueArray(cased, { maxLength: 4, selector: ({ text }) => text }), (members) => {
      const body = Object.fromEntries([...members.map(({ text }) => [text, null]), ['input', 'x']])
      const odd = members.some(({ plain, text }) => deciding(plain) && text !== plain)
      assert.equal(read('/v1/responses', JSON.stringify(body)).kind === 'refused', odd)
    }),
  )
})

test('names are read as they are written, whatever was read before', () => {
  // Each first one has JSON.parse misread the second: see lib/json-names.ts.
  read(chat, '{"model":"m","mod\\\\u":1}')
  refuses(chat, '{"model":"gpt-4.1-nano","mod\\u0065l":"gpt-5-pro"}', 'invalid_request', /more than once/)
  read(chat, '{"model":"m","\\\\":1}')
  refuses(chat, '{"model":"m","\\u006e":8,"n":1}', 'invalid_request', /"n" stands more than once/)
  read(chat, '{"model":"m","messages":[],"\\\\":1}')
  const chosen = read(chat, '{"model":"m","messages":[],"\\u006e":8}')
  assert.equal(chosen.kind === 'read' && chosen.reach.answers, 8)
  read(generate, '{"contents":[],"generationConfig":{"maxOutputTok\\\\u0":1}}')
  const bounded = read(generate, '{"contents":[],"generationConfig":{"maxOutputTok\\u0065ns":50}}')
  assert.equal(bounded.kind === 'read' && bounded.facts.outputLimitTokens, 50)
  read('/v1/responses', '{"input":"x","mod\\\\u":1}')
  const named = read('/v1/responses', '{"input":"x","mod\\u0065l":"gpt-5-pro"}')
  assert.equal(named.kind === 'read' && named.facts.model, 'gpt-5-pro')
})

test('a Gemini body that names another model than its path is refused', () => {
  refuses(generate, '{"model":"models/gemini-2.5-pro"}', 'invalid_request', /path names gemini-2.5-flash/)
  refuses(
    '/v1beta/models/a:batchEmbedContents',
    '{"requests":[{"model":"models/a"},{"model":"models/b"}]}',
    'invalid_request',
    /"models\/b"/,
  )
  refuses('/v1beta/models/a:countTokens', '{"generateContentRequest":{"model":"models/b"}}', 'invalid_request', /path/)
})

test('content types that cannot be read are refused', () => {
  refuses(chat, '{"model":"m"}', 'unsupported_content_type', /application\/json/, 'text/plain')
  refuses(chat, 'model=m', 'unsupported_content_type', /application\/json/, 'application/x-www-form-urlencoded')
  refuses('/v1/audio/transcriptions', '{"model":"m"}', 'unsupported_content_type', /multipart/)
  refuses('/v1/audio/transcriptions', 'x', 'unsupported_content_type', /boundary/, 'multipart/form-data')
  for (const type of ['', 'application/json; charset=utf-8', 'Application/JSON'])
    assert.equal(read(chat, '{"model":"m"}', type).kind, 'read')
  const gzip = readRequest({
    match: endpoint(chat),
    contentType: 'application/json',
    contentEncoding: 'gzip',
    body: Buffer.alloc(0),
  })
  assert.ok(gzip.kind === 'refused' && gzip.code === 'unsupported_content_type')
})

test('an upload is read by its fields', async () => {
  const form = new FormData()
  form.set('file', new File([new Uint8Array(2_000)], 'speech.mp3'))
  form.set('model', 'gpt-4o-transcribe')
  form.set('stream', 'true')
  const response = new Response(form)
  const body = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type') ?? ''
  const reading = read('/v1/audio/transcriptions', body, type)
  assert.ok(reading.kind === 'read')
  const { model, stream, hasMediaInput, inputChars, boundary } = reading.facts
  assert.deepEqual({ model, stream, hasMediaInput }, { model: 'gpt-4o-transcribe', stream: true, hasMediaInput: true })
  assert.ok(inputChars < 100 && boundary !== null)
  refuses('/v1/audio/transcriptions', body.subarray(0, -8), 'invalid_request', /multipart/, type)
  form.append('model', 'whisper-1')
  const twice = new Response(form)
  refuses(
    '/v1/audio/transcriptions',
    Buffer.from(await twice.arrayBuffer()),
    'invalid_request',
    /more than once/,
    twice.headers.get('content-type') ?? '',
  )
})

test('a field of an upload in another case is refused', async () => {
  const form = new FormData()
  form.set('model', 'whisper-1')
  form.set('Model', 'gpt-4o-transcribe')
  const response = new Response(form)
  const type = response.headers.get('content-type') ?? ''
  const body = Buffer.from(await response.arrayBuffer())
  refuses('/v1/audio/transcriptions', body, 'invalid_request', /"Model" must be written "model"/, type)
})

test('image edits come as a form or as JSON', () => {
  assert.equal(read('/v1/images/edits', '{"model":"gpt-image-1","prompt":"x"}').kind, 'read')
})

test('200,000 messages are read', () => {
  const turns = Array.from({ length: 200_000 }, (_, index) => ({
    role: index % 2 ? 'assistant' : 'user',
    content: `turn ${index}`,
  }))
  check(chat, { model: 'm', messages: turns, stream: true }, { model: 'm', stream: true })
})

test('100,000 levels of nesting are read in a small body', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  assert.equal(read(chat, `{"model":"m","messages":${deep}}`).kind, 'read')
  const objects = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`
  assert.equal(read(chat, `{"model":"m","messages":${objects}}`).kind, 'read')
  refuses(chat, '['.repeat(100_000), 'invalid_json', /ends/)
})

test('text and pictures count the same however deep they lie', () => {
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(600)}` } }
  const verbatim = { parameters: [{ type: 'image', text: 'not a picture' }, 1] }
  const counted = (levels: number) => {
    let content: unknown = [picture, verbatim, 'text']
    for (let level = 0; level < levels; level += 1) content = [content]
    const found = read(chat, JSON.stringify({ model: 'm', messages: content }))
    assert.ok(found.kind === 'read')
    const { textBytes, ...reach } = found.reach
    return { chars: found.facts.inputChars, ...reach, textBytes: textBytes - 2 * levels }
  }
  const shallow = counted(1)
  assert.equal(shallow.pictures, 1)
  for (const levels of [28, 29, 30, 31, 32, 33, 100, 1_000]) assert.deepEqual(counted(levels), shallow)
})

test('a repeated deciding member is found wherever it stands and however it is escaped', () => {
  const name = fc.constantFrom('model', 'stream', 'metadata', 'n', 'max_tokens')
  const spelled = name.chain((plain) =>
    fc.array(fc.boolean(), { minLength: plain.length, maxLength: plain.length }).map((escapes) => ({
      plain,
      text: [...plain].map((char, at) => (escapes[at] ? `\\u00${char.charCodeAt(0).toString(16)}` : char)).join(''),
    })),
  )
  const member = fc.oneof(
    spelled,
    fc.constantFrom('x', 'messages').map((plain) => ({ plain, text: plain })),
  )
  fc.assert(
    fc.property(fc.array(member, { maxLength: 5 }), fc.json({ maxDepth: 2 }), (members, inner) => {
      const texts = members.map(({ plain, text }) => `"${text}":${plain === 'model' ? '"m"' : 'null'}`)
      const body = `{"prompt":${inner},${[...texts, '"input":"model"'].join(',')}}`
      const deciding = members.map(({ plain }) => plain).filter((plain) => plain !== 'x' && plain !== 'messages')
      const reading = read('/v1/responses', body)
      assert.equal(reading.kind === 'refused', new Set(deciding).size < deciding.length, body)
    }),
  )
})

test('lists of inputs are counted, a list of tokens is one', () => {
  const embeddings = '/v1/embeddings'
  check(embeddings, { model: 'm', input: ['a', 'b', 'c'] }, { inputs: 3 })
  check(embeddings, { model: 'm', input: 'a' }, { inputs: 1 })
  check(embeddings, { model: 'm', input: [1, 2, 3] }, { inputs: 1 })
  check(embeddings, { model: 'm', input: [[1, 2], [3]] }, { inputs: 2 })
  check(embeddings, { model: 'm', input: [] }, { inputs: 1 })
  check('/v1/moderations', { input: ['a', 'b'] }, { inputs: 2 })
  check('/v1/completions', { model: 'm', prompt: ['a', 'b'] }, { inputs: 2 })
  check('/v1beta/models/m:batchEmbedContents', { requests: [{}, {}] }, { inputs: 2 })
  check(chat, { model: 'm', messages: [{}, {}] }, { inputs: 1 })
})
