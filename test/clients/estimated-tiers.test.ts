import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

/** What one input token of gpt-5 costs at standard, in 1e-12 USD: 1.25 USD for a million. */
const standardInput = 1_250_000n

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({
    upstream: upstream.url,
    providers: '  - {name: openai, kind: openai, base_url: "${SIMULATOR}/v1", api_key: sk-upstream}',
  })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

async function post(path: string, body: object, answer: string): Promise<SettleEntry> {
  upstream.answers(answer)
  const headers = ['host: gate', `authorization: Bearer ${callerSecret}`, 'content-type: application/json']
  await rawCall(stack.url, rawPost(path, headers, JSON.stringify(body)))
  const entry = (await stack.ledger()).at(-1)
  assert.ok(entry)
  return entry
}

function checkInputCost({ usageSource, tokens, cost }: SettleEntry, perToken: bigint): void {
  assert.equal(usageSource, 'estimated')
  assert.ok(tokens.input > 0)
  assert.equal(cost.inputPicoUsd, BigInt(tokens.input) * perToken)
}

test('a stream that never reports its usage costs what the tier costs that its events name', async () => {
  const perToken = { default: standardInput, flex: standardInput / 2n, priority: standardInput * 2n }
  for (const [tier, expected] of Object.entries(perToken)) {
    const choices = [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }]
    const event = { id: 'chatcmpl-1', model: 'gpt-5', choices, service_tier: tier }
    const ask = { model: 'gpt-5', stream: true, messages: [{ role: 'user', content: 'Say hello' }] }
    const broken = httpAnswer(`data: ${JSON.stringify(event)}\n\n`, 'text/event-stream')
    checkInputCost(await post('/v1/chat/completions', ask, broken), expected)
  }
})

test('so does a background job that was cancelled before it could report anything', async () => {
  const job = { id: 'resp_1', object: 'response', model: 'gpt-5', service_tier: 'flex', output: [], usage: null }
  const answer = (status: string) => httpAnswer(JSON.stringify({ ...job, status }), 'application/json')
  await post('/v1/responses', { model: 'gpt-5', input: 'Say hello', background: true }, answer('queued'))
  await post('/v1/responses/resp_1/cancel', {}, answer('cancelled'))
  const made = (await stack.ledger()).find(({ marks }) => marks.includes('background_job'))
  assert.ok(made)
  checkInputCost(made, standardInput / 2n)
})
