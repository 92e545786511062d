import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack, upstreamSecret } from '#test/support/stack.ts'

let upstream: RawUpstream
let evil: RawUpstream
let stack: Stack

before(async () => {
  ;[upstream, evil] = await Promise.all([startRawUpstream(), startRawUpstream()])
  const provider = `base_url: "\${SIMULATOR}/relay/v1", api_key: ${upstreamSecret}, retries: {max: 0}`
  const google = `base_url: "\${SIMULATOR}", api_key: ${upstreamSecret}, retries: {max: 0}`
  stack = await startStack({
    upstream: upstream.url,
    providers: `  - {name: relay, kind: openai, ${provider}}\n  - {name: google, kind: google, ${google}}`,
  })
})
after(async () => {
  await stack.stop()
  await Promise.all([upstream.close(), evil.close()])
})

const json = 'content-type: application/json'
const key = `authorization: Bearer ${callerSecret}`
const chat = '{"model":"gpt-4.1","messages":[]}'

/** The request lines that the provider got for one call, and the status that the caller saw. */
async function call(target: string, headers: readonly string[] = ['host: gate'], body = chat) {
  const before = upstream.requests.length
  const answer = await rawCall(stack.url, rawPost(target, [...headers, key, json], body))
  const lines = upstream.requests.slice(before).map((request) => request.slice(0, request.indexOf('\r\n')))
  assert.deepEqual(evil.requests, [], 'somebody else was asked')
  const hosts = upstream.requests.slice(before).map((request) => /\r\nhost: ([^\r]*)/i.exec(request)?.[1])
  for (const host of hosts) assert.equal(host, new URL(upstream.url).host)
  return { status: Number(answer.slice(9, 12)), lines }
}

const asConfigured = 'POST /relay/v1/chat/completions HTTP/1.1'

test('headers about hosts do not change where a call goes', async () => {
  const host = new URL(evil.url).host
  for (const headers of [
    [`host: ${host}`],
    ['host: gate', `x-forwarded-host: ${host}`, `x-forwarded-server: ${host}`, 'x-forwarded-proto: https'],
    ['host: gate', `forwarded: host=${host}`, `x-original-url: ${evil.url}`, `x-rewrite-url: ${evil.url}`],
    ['host: gate', `x-base-url: ${evil.url}`, `openai-base-url: ${evil.url}`],
  ]) {
    assert.deepEqual(await call('/v1/chat/completions', headers), { status: 200, lines: [asConfigured] })
  }
})

test('a target with an address in it, as for a proxy, means this gateway', async () => {
  const target = `${evil.url}/v1/chat/completions`
  assert.deepEqual(await call(target), { status: 200, lines: [asConfigured] })
})

test('an address in the place of a path asks nobody', async () => {
  for (const target of [
    `//${new URL(evil.url).host}/v1/chat/completions`,
    `/${evil.url}/v1/chat/completions`,
    `/v1/chat/completions@${new URL(evil.url).host}`,
  ]) {
    const { status, lines } = await call(target)
    assert.deepEqual(lines, [], target)
    assert.ok(status >= 400, `${target} → ${status}`)
  }
})

test('paths that climb, or hide slashes, reach no provider', async () => {
  for (const target of [
    '/v1/../admin',
    '/v1/responses/..%2f..%2fadmin/cancel',
    '/v1/responses/%2e%2e/cancel',
    '/v1/responses/../cancel',
    '/v1/responses/a%00b/cancel',
    '/v1/responses/a%252fb/cancel',
    '/v1/responses/a%0d%0ahost:evil/cancel',
    '/v1/files/..;/content',
    '/v1//chat/completions',
    '/v1/chat/completions/',
    '/v1/chat%2fcompletions',
    '/V1/chat/completions',
  ]) {
    const { status, lines } = await call(target)
    assert.ok(!lines.some((line) => /admin|evil|\.\./.test(line)), lines.join())
    assert.ok(status >= 400 && lines.length === 0, `${target} → ${status} ${lines.join()}`)
  }
})

test('an encoded slash inside a name stays encoded', async () => {
  const { lines } = await call('/v1/responses/a%2Fb/cancel', ['host: gate'], '')
  assert.deepEqual(lines, ['POST /relay/v1/responses/a%2Fb/cancel HTTP/1.1'])
})

test('a model name cannot climb out of its place in a Gemini path', async () => {
  const body = '{"contents":[]}'
  for (const model of ['..%2f..%2fadmin', '%2e%2e', 'gemini-2.5-flash%2f..%2fadmin', 'gemini-x%3fkey=1', 'gemini%23']) {
    const { lines, status } = await call(`/v1beta/models/${model}:generateContent`, ['host: gate'], body)
    assert.ok(status >= 400 && lines.length === 0, `${model} → ${status} ${lines.join()}`)
  }
  const sent = await call('/v1beta/models/gemini-2.5-flash:generateContent?alt=json', ['host: gate'], body)
  assert.deepEqual(sent.lines, ['POST /v1beta/models/gemini-2.5-flash:generateContent?alt=json HTTP/1.1'])
})

test('a model name in a body changes nothing of the path', async () => {
  for (const model of ['gpt-../../admin', 'gpt-4.1\\r\\nhost: evil', 'gpt-4.1?x=//evil']) {
    const { lines } = await call('/v1/chat/completions', ['host: gate'], `{"model":"${model}","messages":[]}`)
    assert.ok(
      lines.every((line) => line === asConfigured),
      lines.join(),
    )
  }
})

test('a query goes along but for credentials, and cannot become a path', async () => {
  const { lines } = await call(`/v1/chat/completions?a=/../x&key=${callerSecret}&Key=${callerSecret}&%6bey=1&b=%2f..`)
  assert.deepEqual(lines, ['POST /relay/v1/chat/completions?a=/../x&b=%2f.. HTTP/1.1'])
})

test('requests that could be read in two ways are refused before anything else', async () => {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\n${key}\r\n${json}\r\n`
  const smuggled = 'GET /v1/models HTTP/1.1\r\nhost: gate\r\n\r\n'
  for (const request of [
    `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{} ${smuggled}`,
    `${head}content-length: ${chat.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}content-length: +5\r\n\r\n{}   `,
    `${head}x-a: b\r\n c\u0000d\r\ncontent-length: 2\r\n\r\n{}`,
  ]) {
    const before = upstream.requests.length
    const answer = await rawCall(stack.url, request)
    assert.match(answer, /^HTTP\/1\.1 400 /, request)
    assert.equal(upstream.requests.length, before)
  }
})
