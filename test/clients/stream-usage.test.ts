import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { bodyOf, httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

const providers =
  '  - {name: strict, kind: openai-compatible, base_url: "${SIMULATOR}", api_key: sk-relay, ask_stream_usage: false}'
const choice = '{"model":"gpt-4.1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}'
const usage = '{"model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}'

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({ upstream: upstream.url, providers })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

async function stream(events: readonly string[]) {
  upstream.answers(httpAnswer(events.map((data) => `data: ${data}\n\n`).join(''), 'text/event-stream'))
  const headers = ['host: gate', `authorization: Bearer ${callerSecret}`, 'content-type: application/json']
  const body = '{"model":"gpt-4.1", "stream":true,"messages":[{"role":"user","content":"Say hello"}]}'
  const seen = await rawCall(stack.url, rawPost('/v1/chat/completions', headers, body))
  const entry = (await stack.ledger()).at(-1)
  assert.ok(entry)
  return { body, sent: bodyOf(upstream.requests.at(-1) ?? ''), seen, entry }
}

test('a provider that is not to be asked gets the stream as the caller wrote it, and its answer is estimated', async () => {
  const { body, sent, entry } = await stream([choice, '[DONE]'])
  assert.equal(sent, body)
  assert.equal(entry.outcome, 'served')
  assert.equal(entry.usageSource, 'estimated')
  assert.ok(entry.tokens.input > 0 && entry.tokens.output > 0)
})

test('what it reports by itself is booked, and is the caller’s too: nobody added it', async () => {
  const { seen, entry } = await stream([choice, usage, '[DONE]'])
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 10, 5])
  assert.ok(seen.includes('"usage"'))
})
