import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { backgroundJobMark, type SettleEntry } from '#core/ledger/entry.ts'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  const providers = '  - {name: openai, kind: openai, base_url: "${SIMULATOR}/v1", api_key: k, retries: {max: 0}}'
  stack = await startStack({ upstream: upstream.url, providers })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

const ask = { model: 'gpt-4.1', input: 'Tell me a long story about a fox, and spare no detail.' }
const story = 'Once upon a time there was a fox. '.repeat(50)
const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: story }] }
const thought = { type: 'reasoning', id: 'rs_1', summary: [] }
const zeros = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
}

function response(id: string, output: readonly object[], more: object = {}): object {
  const status = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
  return { id, object: 'response', ...status, model: 'gpt-4.1-2025-04-14', output, usage: zeros, ...more }
}

async function records(answer: string, path: string, body?: object): Promise<readonly SettleEntry[]> {
  const known = (await stack.ledger()).length
  upstream.answers(answer)
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  await (await fetch(`${stack.url}${path}`, { headers, ...sent })).text()
  return (await stack.ledger()).slice(known)
}

/** How it was counted, its output, and whether it says that it is not all. */
function told({ usageSource, tokens, cost, marks }: SettleEntry): readonly unknown[] {
  assert.ok(tokens.input > 0 && cost.totalPicoUsd > 0n, 'the prompt was read')
  return [usageSource, tokens.output > 300, marks.includes('usage_missing')]
}

async function foreground(output: readonly object[]): Promise<SettleEntry> {
  const [record, ...more] = await records(httpAnswer(JSON.stringify(response('r', output))), '/v1/responses', ask)
  assert.ok(record !== undefined && more.length === 0)
  return record
}

let jobs = 0

async function background(output: readonly object[]): Promise<SettleEntry> {
  jobs += 1
  const id = `resp_${jobs}`
  const queued = response(id, [], { status: 'queued', usage: null, background: true })
  await records(httpAnswer(JSON.stringify(queued)), '/v1/responses', { ...ask, background: true })
  const fetched = await records(httpAnswer(JSON.stringify(response(id, output))), `/v1/responses/${id}`)
  const record = fetched.find(({ marks }) => marks.includes(backgroundJobMark))
  assert.ok(record !== undefined)
  return record
}

for (const [kind, booked] of [
  ['in the foreground', foreground],
  ['in the background', background],
] as const) {
  test(`a response ${kind} that reports zeros beside its output is estimated`, async () => {
    assert.deepEqual(told(await booked([message])), ['estimated', true, false])
  })

  test(`a response ${kind} that only thought and reports zeros has an input, and says that more is missing`, async () => {
    assert.deepEqual(told(await booked([thought])), ['estimated', false, true])
    assert.deepEqual(told(await booked([])), ['estimated', false, true])
  })
}

test('a stream that ends after nothing but thinking is not free either', async () => {
  const events = [
    { type: 'response.output_item.done', item: thought },
    { type: 'response.completed', response: response('r', [], { status: 'completed' }) },
  ]
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  const [record] = await records(httpAnswer(body, 'text/event-stream'), '/v1/responses', { ...ask, stream: true })
  assert.ok(record !== undefined)
  assert.deepEqual(told(record), ['estimated', false, true])
})

test('a chat that reports zeros beside its answer is estimated', async () => {
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const choices = [{ index: 0, message: { role: 'assistant', content: story }, finish_reason: 'stop' }]
  const chat = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'A story, please.' }] }
  const answer = httpAnswer(JSON.stringify({ model: 'gpt-4.1', choices, usage }))
  const [record] = await records(answer, '/v1/chat/completions', chat)
  assert.ok(record !== undefined)
  assert.deepEqual(told(record), ['estimated', true, false])
})

test('an answer that sends the caller elsewhere has used nothing', async () => {
  for (const status of ['300 Multiple Choices', '304 Not Modified', '307 Temporary Redirect']) {
    const head = `HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`
    const [record] = await records(head, '/v1/responses', ask)
    assert.deepEqual([record?.usageSource, record?.tokens.input, record?.cost.totalPicoUsd], ['none', 0, 0n], status)
  }
})
