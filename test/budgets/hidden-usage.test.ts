import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack } from '#test/support/stack.ts'
import { team, withStack } from './near-limit.ts'
import { post, spentOf } from './spending.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const path = '/v1beta/models/gemini-2.5-flash:generateContent'
const body = {
  contents: [{ role: 'user', parts: [{ text: 'Think.' }] }],
  generationConfig: { maxOutputTokens: 60_000 },
}
const candidates = [{ content: { parts: [{ text: 'Done' }], role: 'model' }, finishReason: 'STOP' }]
const usageMetadata = { promptTokenCount: 100, candidatesTokenCount: 10, thoughtsTokenCount: 50_000 }

interface Upstream {
  readonly stack: Stack
  readonly upstream: RawUpstream
}

/** Before one upstream that answers as Gemini does, and of its own accord says what was used or does not. */
async function withGemini(more: string, answer: object, run: (both: Upstream) => Promise<void>): Promise<void> {
  const upstream = await startRawUpstream()
  ends.push(() => upstream.close())
  upstream.answers(httpAnswer(JSON.stringify({ candidates, modelVersion: 'gemini-2.5-flash', ...answer })))
  const providers = '  - {name: google, kind: google, base_url: "${SIMULATOR}", api_key: sk-upstream}'
  await withStack(more, (stack) => run({ stack, upstream }), { providers, upstream: upstream.url })
}

test('nobody has the usage left out of an answer of Gemini: the call is refused before it costs anything', async () => {
  const budget = `${team('5', ', on_exceeded: block, unbounded: reserve')}\nunpriced: block`
  await withGemini(budget, { usageMetadata }, async ({ stack, upstream }) => {
    const asked: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['?fields=candidates', {}],
      ['?%24fields=candidates', {}],
      ['?alt=proto', {}],
      ['?callback=x', {}],
      ['', { 'X-Goog-FieldMask': 'candidates' }],
      ['', { 'X-HTTP-Method-Override': 'GET' }],
      ['?mask=candidates', {}],
    ]
    for (const [query, headers] of asked) {
      const { status, text } = await post(stack, path + query, body, headers)
      assert.equal(status, 400, text)
      assert.match(JSON.parse(text).error.message, /not passed on/)
    }
    assert.equal(upstream.requests.length, 0)
    const { status } = await post(stack, `${path}?prettyPrint=false&key=${callerSecret}`, body)
    assert.equal(status, 200)
    assert.match(
      upstream.requests[0] ?? '',
      /^POST \/v1beta\/models\/gemini-2\.5-flash:generateContent\?prettyPrint=false HTTP/,
    )
    // 100 × 0.30 + 50,010 × 2.50 USD a million.
    assert.equal(spentOf(await stack.ledger()), 125_055_000_000n)
  })
})

test('headers of Google go no further, but those that say who asks', async () => {
  await withGemini('', { usageMetadata }, async ({ stack, upstream }) => {
    const headers = { 'X-Goog-Api-Client': 'genai-js/1', 'X-Goog-Ext-1': 'a', 'X-Goog-Request-Params': 'model=b' }
    assert.equal((await post(stack, path, body, headers)).status, 200)
    assert.match(upstream.requests[0] ?? '', /x-goog-api-client: genai-js\/1\r\n/i)
    assert.doesNotMatch(upstream.requests[0] ?? '', /x-goog-(?:ext|request-params)/i)
  })
})

test('an answer that ends without a report of usage is estimated, and marked for what the estimate leaves out', async () => {
  await withGemini('', {}, async ({ stack }) => {
    assert.equal((await post(stack, path, body)).status, 200)
    const [entry] = await stack.ledger()
    assert.deepEqual([entry?.usageSource, entry?.marks], ['estimated', ['usage_missing']])
  })
})
