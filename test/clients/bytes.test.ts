import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { dechunked, rawCall, rawPost } from '#test/support/raw-call.ts'
import { bodyOf, httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack, upstreamSecret } from '#test/support/stack.ts'

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({ upstream: upstream.url })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

const chat = '/v1/chat/completions'
const credential = `authorization: Bearer ${callerSecret}`
const json = 'content-type: application/json'

/** Sends a body and returns what the upstream got and what the caller got back. */
async function pass(body: string, target = chat): Promise<{ sent: string; received: string; answer: string }> {
  const answer = await rawCall(stack.url, rawPost(target, ['host: gate', credential, json], body))
  const received = upstream.requests.at(-1) ?? ''
  return { sent: Buffer.from(body).toString('latin1'), received, answer }
}

const oddBodies: readonly (readonly [name: string, body: string])[] = [
  ['white space everywhere', ' \n{ "model" :\t"gpt-4.1" ,\r\n"messages":[ ] , "x" : {  } }\n '],
  ['fields nobody knows', '{"model":"gpt-4.1","messages":[],"zz_new":{"a":[1,{"b":null}]},"":0}'],
  [
    'numbers as they were written',
    '{"model":"gpt-4.1","temperature":1.0,"x":1e2,"y":-0.0,"z":12345678901234567890.10}',
  ],
  ['escapes', '{"mod\\u0065l":"gpt\\u002d4.1","messages":[{"content":"\\u00e9\\/\\ud83d\\ude00\\u0000"}]}'],
  ['half a surrogate pair', '{"model":"gpt-4.1","messages":[{"content":"\\ud83d"}]}'],
  ['text beyond ASCII', '{"model":"gpt-4.1","messages":[{"content":"Grüße, 世界 😀"}]}'],
  ['harmless keys twice', '{"model":"gpt-4.1","user":"a","user":"b","messages":[],"messages":[]}'],
]

for (const [name, body] of oddBodies) {
  test(`${name} reach the provider as they are`, async () => {
    const { sent, received } = await pass(body)
    assert.equal(bodyOf(received), sent)
    assert.equal(/content-length: (\d+)/i.exec(received)?.[1], String(sent.length))
  })
}

test('an upload says how long it is where its sender does', async () => {
  const file = 'x'.repeat(100_000)
  const form = 'content-type: multipart/form-data; boundary=b'
  await rawCall(stack.url, rawPost('/v1/files', ['host: gate', credential, form], file))
  const declared = upstream.requests.at(-1) ?? ''
  assert.match(declared, /content-length: 100000\r\n/i)
  assert.doesNotMatch(declared, /transfer-encoding/i)
  assert.equal(bodyOf(declared), file)
})

test('only what is ours leaves the metadata, and only with what it takes along', async () => {
  const rest = '"messages" : [ ] ,\n "temperature":1.0'
  const { received } = await pass(
    `{ "model":"gpt-4.1", "metadata": { "project":"x", "mine" : 1.0, "department":"y" } , ${rest} }`,
  )
  assert.equal(bodyOf(received), `{ "model":"gpt-4.1", "metadata": { "mine" : 1.0 } , ${rest} }`)
  const all = await pass(`{"model":"gpt-4.1","metadata":{"project":"x"},${rest}}`)
  assert.equal(bodyOf(all.received), `{"model":"gpt-4.1",${rest}}`)
})

test('of calls that are passed on only what is ours leaves the metadata, and all else of them is as it came', async () => {
  const order = '"input_file_id" : "f\\u00e9" ,\n "x":1.0 , "x":12345678901234567890'
  const batch = await pass(`{ ${order}, "metadata":{ "department":"x" , "own":"1" } }`, '/v1/batches')
  assert.equal(bodyOf(batch.received), `{ ${order}, "metadata":{ "own":"1" } }`)
  assert.match(batch.received, new RegExp(`\r\ncontent-length: ${bodyOf(batch.received).length}\r\n`, 'i'))
  for (const path of ['/v1/uploads', '/v1/uploads/up_1/complete', '/v1/responses/resp_1/cancel']) {
    const { received } = await pass('{"metadata":{"department":"x"},"n":1.0}', path)
    assert.equal(bodyOf(received), '{"n":1.0}')
  }
  const none = await pass('', '/v1/batches/b_1/cancel')
  assert.match(none.received, /\r\ncontent-length: 0\r\n/i)
})

test('a form has no metadata of ours: its parts go on as they are, and say nothing of who pays', async () => {
  const part = (name: string, value: string) =>
    `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const file = part('file"; filename="a.jsonl', '{"metadata":{"department":"x"}}')
  const form = `${part('model', 'gpt-4.1')}${part('metadata', '{"department":"x"}')}${part('metadata[department]', 'x')}${file}--b--\r\n`
  const denied = await stack.counter('tollgate_attribution_denied_total')
  for (const path of ['/v1/files', '/v1/uploads/up_1/parts', '/v1/images/edits', '/v1/audio/transcriptions']) {
    const type = 'content-type: multipart/form-data; boundary=b'
    await rawCall(stack.url, rawPost(path, ['host: gate', credential, type], form))
    const received = upstream.requests.at(-1) ?? ''
    const body = bodyOf(received)
    assert.equal(/\r\ntransfer-encoding: chunked\r\n/i.test(received) ? dechunked(body) : body, form)
  }
  assert.equal(await stack.counter('tollgate_attribution_denied_total'), denied)
})

test('a provider that is to keep the metadata gets it as it is, and it is read all the same', async () => {
  const kept = `  - {name: openai, kind: openai, base_url: "\${SIMULATOR}", api_key: ${upstreamSecret}, keep_metadata: true}`
  const keys = `  - {name: open, key: ${callerSecret}}`
  await stack.reload({ providers: kept, keys })
  try {
    const { sent, received } = await pass('{"model":"gpt-4.1","metadata":{"project":"kept"},"messages":[]}')
    assert.equal(bodyOf(received), sent)
    assert.equal((await stack.ledger()).at(-1)?.call.payer.project, 'kept')
  } finally {
    await stack.reload({})
  }
})

test('only the wish for usage is added to a stream', async () => {
  upstream.answers(httpAnswer('data: [DONE]\n\n', 'text/event-stream'))
  const body = '{"model":"gpt-4.1" , "stream" : true,"temperature":1.0 }'
  const { received } = await pass(body)
  assert.equal(
    bodyOf(received),
    '{"model":"gpt-4.1" , "stream" : true,"temperature":1.0,"stream_options":{"include_usage":true} }',
  )
  const asked = '{"model":"gpt-4.1","stream":true,"stream_options" : {"include_usage" : true, "x":1.0}}'
  assert.equal(bodyOf((await pass(asked)).received), asked)
  const denied = await pass('{"model":"gpt-4.1","stream":true,"stream_options":{"include_usage" : false, "x":1.0}}')
  assert.match(bodyOf(denied.received), /"stream_options":\{"include_usage" : true, "x":1\.0\}\}$/)
})

test('a JSON answer comes back to the byte', async () => {
  const body =
    ' {"model":"gpt-4.1" ,"usage":{"prompt_tokens":1.0e0,"completion_tokens":2}, "\\u00e9": "\u00c3\u00a9" }\r\n'
  upstream.answers(httpAnswer(body))
  assert.equal(bodyOf((await pass('{"model":"gpt-4.1"}')).answer), body)
})

test('bytes that are no text come back as they are', async () => {
  const body = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
  upstream.answers(httpAnswer(body, 'audio/mpeg'))
  const { answer } = await pass('{"model":"tts-1","input":"x"}', '/v1/audio/speech')
  assert.ok(answer.includes(body))
})

test('a stream comes back to the byte, however it is cut, with its comments and its line ends', async () => {
  const events = [
    ': hello\r\n\r\n',
    'data: {"choices":[{"delta":{"content":"\u00c3\u00a9"}}],"x":1.0}\r\n\r\n',
    'event: x\ndata:y\n\n',
  ]
  const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
  const stream = [...events, 'data: [DONE]\n\n'].join('')
  const whole = [...events, usage, 'data: [DONE]\n\n'].join('')
  for (const size of [1, 7, 1000]) {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
    const chunks: string[] = []
    for (let at = 0; at < whole.length; at += size) {
      const piece = whole.slice(at, at + size)
      chunks.push(`${piece.length.toString(16)}\r\n${piece}\r\n`)
    }
    upstream.answers(head, ...chunks, '0\r\n\r\n')
    const left = await pass('{"model":"gpt-4.1","stream":true}')
    assert.equal(dechunked(bodyOf(left.answer)), stream)
    const kept = await pass('{"model":"gpt-4.1","stream":true,"stream_options":{"include_usage":true}}')
    assert.equal(dechunked(bodyOf(kept.answer)), whole)
  }
  const entry = (await stack.ledger()).at(-1)
  assert.deepEqual([entry?.tokens.input, entry?.tokens.output, entry?.usageSource], [1, 2, 'provider'])
})

test('none of our headers and no credential of the caller go upstream', async () => {
  upstream.answers(httpAnswer('{"model":"gpt-4.1","usage":{"prompt_tokens":1,"completion_tokens":1}}'))
  const ours = [
    'X-Cost-Center',
    'X-User-ID',
    'X-Session-ID',
    'X-Request-ID',
    'X-Department',
    'X-Project',
    'X-Feature-Flag',
  ]
  const headers = [
    ...['host: gate', json, `Authorization: Bearer ${callerSecret}`, `x-api-key: ${callerSecret}`],
    ...[
      `X-Goog-Api-Key: ${callerSecret}`,
      `cookie: session=${callerSecret}`,
      `Proxy-Authorization: Basic ${callerSecret}`,
    ],
    ...[...ours, 'X-Request-Path', 'X-Tollgate-Anything', 'X-Forwarded-For', 'Forwarded'].map(
      (name) => `${name}: ours`,
    ),
    ...['Connection: x-secret-hop', 'x-secret-hop: ours', 'X-Tag-team: theirs', 'OpenAI-Beta: assistants=v2'],
  ]
  const answer = await rawCall(stack.url, rawPost(`${chat}?key=${callerSecret}&beta=x`, headers, '{"model":"gpt-4.1"}'))
  const received = upstream.requests.at(-1) ?? ''
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.ok(!received.includes(callerSecret) && !received.includes('ours'), received)
  assert.match(received, /^POST \/v1\/chat\/completions\?beta=x HTTP\/1\.1\r\n/)
  assert.match(received, new RegExp(`authorization: Bearer ${upstreamSecret}\r\n`))
  assert.match(received, /OpenAI-Beta: assistants=v2\r\n/i)
  assert.match(answer, /x-request-id: ours\r\n/i)
})

test('headers that either side names in its Connection stay with it', async () => {
  upstream.answers(
    httpAnswer('{"model":"gpt-4.1"}', 'application/json', ['connection: X-Hop', 'x-hop: theirs', 'x-kept: theirs']),
  )
  const headers = ['host: gate', credential, json, 'connection: x-HOP', 'X-Hop: ours', 'X-Kept: ours']
  const answer = await rawCall(stack.url, rawPost(chat, headers, '{"model":"gpt-4.1"}'))
  assert.match(upstream.requests.at(-1) ?? '', /\r\nX-Kept: ours\r\n/)
  assert.match(answer, /\r\nx-kept: theirs\r\n/)
  for (const text of [upstream.requests.at(-1) ?? '', answer]) assert.doesNotMatch(text, /x-hop/i)
})

test('the credential of the provider is seen by the provider alone', async () => {
  const echo = `{"error":{"message":"Incorrect API key provided: ${upstreamSecret}.","code":"invalid_api_key"}}`
  const answers = [
    `HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: ${echo.length}\r\n\r\n${echo}`,
    httpAnswer('{}', 'application/json', ['set-cookie: account=ours', `x-seen-key: ${upstreamSecret}`]),
    'nonsense\r\n\r\n',
  ]
  for (const answer of answers) {
    upstream.answers(answer)
    const { answer: seen } = await pass('{"model":"gpt-4.1","stream":true}')
    assert.ok(!seen.includes(upstreamSecret), seen)
    assert.ok(!seen.toLowerCase().includes('set-cookie'))
  }
  // In a stream that has begun the caller gets what the provider sends, but the record keeps it to itself.
  upstream.answers(httpAnswer(`data: ${echo}\n\n`, 'text/event-stream'))
  await pass('{"model":"gpt-4.1","stream":true}')
  assert.match((await stack.ledger()).at(-1)?.errorMessage ?? '', /provided: \[redacted\]/)
  const written = JSON.stringify(await stack.journal(), (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  for (const secret of [upstreamSecret, callerSecret]) {
    assert.ok(!written.includes(secret), 'in the journal')
    assert.ok(!stack.log.includes(secret), 'in the log')
  }
})
