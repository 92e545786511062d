import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

/** A server that wants no credential is given a filler, which then stands in `text/event-stream` by chance. */
const providers = '  - {name: local, kind: openai-compatible, base_url: "${SIMULATOR}", api_key: x, models: ["*"]}'

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

async function record(answer: string, stream = false): Promise<{ seen: string; entry: SettleEntry }> {
  upstream.answers(answer)
  const headers = ['host: gate', `authorization: Bearer ${callerSecret}`, 'content-type: application/json']
  const body = JSON.stringify({ model: 'gpt-4.1', stream, messages: [{ role: 'user', content: 'Say hello' }] })
  const seen = await rawCall(stack.url, rawPost('/v1/chat/completions', headers, body))
  const entry = (await stack.ledger()).at(-1)
  assert.ok(entry)
  return { seen, entry }
}

const unreadable = [
  '{"prompt_tokens":"10","completion_tokens":"5","total_tokens":"15"}',
  '{"prompt_tokens":-10,"completion_tokens":-5,"total_tokens":-15}',
  '{"prompt_tokens":10.5,"completion_tokens":5.5}',
  '{"prompt_tokens":9007199254740991,"completion_tokens":9007199254740991}',
  '{"total_tokens":15}',
  '{}',
]

for (const usage of unreadable) {
  test(`a usage report without a count that can be read is not taken for zero: ${usage}`, async () => {
    const choice = '{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}'
    const { entry } = await record(httpAnswer(`{"model":"gpt-4.1","choices":[${choice}],"usage":${usage}}`))
    assert.equal(entry.usageSource, 'estimated')
    assert.ok(entry.tokens.input > 0 && entry.tokens.output > 0)
    assert.ok(entry.cost.totalPicoUsd > 0n)
  })
}

test('where only the prompt could not be read, it is estimated, and the output stands as reported', async () => {
  const choice = '{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}'
  const usage = '{"prompt_tokens":"1000","completion_tokens":10}'
  const { entry } = await record(httpAnswer(`{"model":"gpt-4.1","choices":[${choice}],"usage":${usage}}`))
  assert.deepEqual([entry.usageSource, entry.tokens.output], ['estimated', 10])
  assert.ok(entry.tokens.input > 0)
})

test('a redirect is no work of the provider: nothing is booked for it, and nobody is led elsewhere', async () => {
  const head = 'HTTP/1.1 307 Temporary Redirect\r\nlocation: http://elsewhere.invalid/\r\ncontent-length: 0\r\n\r\n'
  const { seen, entry } = await record(head)
  assert.match(seen, /^HTTP\/1\.1 502 /)
  assert.ok(!seen.includes('elsewhere.invalid'), 'the client would send its key and its prompt there')
  assert.deepEqual([entry.outcome, entry.errorCode], ['failed', 'upstream_bad_answer'])
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.cost.totalPicoUsd], ['none', 0, 0n])
})

test('a filler in place of a credential is not hidden, so a stream keeps its content type and is metered', async () => {
  const choice = '{"model":"gpt-4.1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}'
  const usage = '{"model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
  const events = [choice, usage, '[DONE]'].map((data) => `data: ${data}\n\n`).join('')
  const { seen, entry } = await record(httpAnswer(events, 'text/event-stream'), true)
  assert.match(seen, /content-type: text\/event-stream\r\n/)
  assert.ok(!seen.includes('"usage"'), 'nobody asked for it')
  assert.deepEqual([entry.usageSource, entry.tokens.input, entry.tokens.output], ['provider', 10, 5])
})
