import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { batchMark, type SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

let upstream: RawUpstream
let stack: Stack
let ordered = 0

before(async () => {
  upstream = await startRawUpstream()
  const providers = '  - {name: openai, kind: openai, base_url: "${SIMULATOR}/v1", api_key: k, retries: {max: 0}}'
  stack = await startStack({ upstream: upstream.url, providers })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

async function call(method: string, path: string, answer: object | string, body?: object): Promise<void> {
  upstream.answers(httpAnswer(typeof answer === 'string' ? answer : JSON.stringify(answer)))
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const { status } = await fetch(`${stack.url}${path}`, { method, headers, ...sent })
  assert.equal(status, 200)
}

interface Batch {
  /** As it is ordered, and as the provider's answers name it; null where they do not. */
  readonly endpoint: string | null
  /** As the finished batch names it. */
  readonly model?: string
  readonly results: readonly object[]
  readonly restart?: true
}

/** Orders a batch, sees it finished and reads its results: what was booked for it. */
async function booked({ endpoint, model, results, restart }: Batch): Promise<readonly SettleEntry[]> {
  const known = (await stack.ledger()).length
  ordered += 1
  const id = `batch_${ordered}`
  const state = { id, object: 'batch', ...(endpoint === null ? {} : { endpoint }) }
  const order = { input_file_id: 'file-in', endpoint: endpoint ?? '/v1/unknown', completion_window: '24h' }
  await call('POST', '/v1/batches', { ...state, status: 'validating', output_file_id: null }, order)
  const output = `file-out${ordered}`
  const named = model === undefined ? {} : { model }
  await call('GET', `/v1/batches/${id}`, { ...state, ...named, status: 'completed', output_file_id: output })
  if (restart === true) {
    await stack.stopGateway()
    await stack.startGateway()
  }
  const lines = results.map((body) => JSON.stringify({ custom_id: 'a', response: { status_code: 200, body } }))
  await call('GET', `/v1/files/${output}/content`, lines.join('\n'))
  return (await stack.ledger()).slice(known).filter(({ marks }) => marks.includes(batchMark))
}

function told(records: readonly SettleEntry[]): readonly unknown[] {
  return records.map(({ modelServed, tokens, cost, usageSource }) => [
    modelServed,
    tokens.input,
    tokens.output,
    formatUsd(cost.totalPicoUsd),
    cost.unpriced,
    usageSource,
  ])
}

const picture = {
  created: 1,
  data: [{ b64_json: 'AAAA' }],
  usage: {
    input_tokens: 50,
    input_tokens_details: { text_tokens: 10, image_tokens: 40 },
    output_tokens: 4160,
    total_tokens: 4210,
  },
}

test('pictures of a batch cost half of their tokens, by the model that the batch names', async () => {
  const images = '/v1/images/generations'
  // (10 × 5 + 40 × 10 + 4,160 × 40) / 1,000,000 / 2
  const expected = [['gpt-image-1', 100, 8320, '0.166850000000', false, 'provider']]
  const whole = { endpoint: images, model: 'gpt-image-1', results: [picture, picture] }
  assert.deepEqual(told(await booked(whole)), expected)
  assert.deepEqual(told(await booked({ ...whole, restart: true })), expected, 'the order is remembered')
})

test('pictures of a batch of which nobody says the model are unpriced, and say so', async () => {
  for (const endpoint of ['/v1/images/generations', null]) {
    const [record, ...more] = await booked({ endpoint, results: [picture] })
    assert.ok(record !== undefined && more.length === 0)
    assert.deepEqual(told([record]), [['', 50, 4160, '0.000000000000', true, 'provider']])
    assert.ok(record.marks.includes('unpriced'))
  }
})

test('embeddings, completions, chats and responses of a batch are read by what was ordered, or by their looks', async () => {
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }
  const vectors = { object: 'list', model: 'text-embedding-3-small', data: [{ embedding: [1] }], usage }
  const spent = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }
  const cases = [
    ['/v1/embeddings', { ...vectors, usage: { prompt_tokens: 1000 } }, 0],
    ['/v1/completions', { object: 'text_completion', model: 'gpt-3.5-turbo-instruct', choices: [], usage }, 100],
    ['/v1/chat/completions', { model: 'gpt-4.1', choices: [{ message: { content: 'hi' } }], usage }, 100],
    ['/v1/responses', { object: 'response', status: 'completed', model: 'gpt-4.1', usage: spent }, 100],
  ] as const
  for (const [endpoint, body, output] of cases) {
    for (const said of [endpoint, null]) {
      const records = await booked({ endpoint: said, results: [body] })
      assert.deepEqual(
        records.map(({ tokens, cost }) => [tokens.input, tokens.output, cost.unpriced, cost.totalPicoUsd > 0n]),
        [[1000, output, false, true]],
        endpoint,
      )
    }
  }
})

test('searches of all requests of a batch are counted together, and each costs its fee', async () => {
  const search = { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } }
  const spent = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
  const result = (searches: number) => ({
    ...{ object: 'response', status: 'completed', model: 'gpt-5', usage: { ...spent, input_tokens: 8 } },
    output: Array.from({ length: searches }, () => search),
  })
  const [record] = await booked({ endpoint: '/v1/responses', results: [result(2), result(3), result(0)] })
  assert.deepEqual(record?.units, { web_search: 5 })
  assert.equal(formatUsd(record?.cost.otherPicoUsd ?? picoUsd(0n)), '0.050000000000')
})

test('moderations of a batch are free', async () => {
  for (const endpoint of ['/v1/moderations', null]) {
    const records = await booked({ endpoint, results: [{ id: 'm', model: 'omni-moderation-latest', results: [{}] }] })
    assert.deepEqual(told(records), [['', 0, 0, '0.000000000000', false, 'none']])
  }
})

const unread = [
  ['no usage', '/v1/images/generations', { ...picture, usage: undefined }],
  ['an empty one', '/v1/chat/completions', { model: 'gpt-4.1', choices: [], usage: {} }],
  ['zeros beside an answer', null, { model: 'gpt-4.1', choices: [{ message: { content: 'hi' } }], usage: zeros() }],
  ['an API of which nothing can be read', '/v1/videos', { id: 'v', object: 'video', model: 'sora-2', seconds: '8' }],
] as const

function zeros(): object {
  return { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
}

for (const [name, endpoint, body] of unread) {
  test(`a result of a batch that does not tell what it used is not free: ${name}`, async () => {
    const [record, ...more] = await booked({ endpoint, model: 'gpt-4.1', results: [body] })
    assert.ok(record !== undefined && more.length === 0)
    assert.deepEqual([record.usageSource, record.cost.unpriced], ['none', true])
    assert.ok(record.marks.includes('usage_missing'))
  })
}
