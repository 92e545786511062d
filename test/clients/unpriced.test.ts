import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Stack, startStack, upstreamSecret } from '#test/support/stack.ts'

const model = 'simulated-unpriced'
const providers = `  - {name: relay, kind: openai-compatible, base_url: "\${SIMULATOR}", api_key: ${upstreamSecret}}`

let stack: Stack

before(async () => {
  stack = await startStack({ providers })
})
after(() => stack.stop())

function ask(stream: boolean): Promise<Response> {
  return fetch(`${stack.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

test('a model without a price is served, and its record, its answer and a metric say that it is unpriced', async () => {
  const counted = await stack.counter('tollgate_unpriced_calls_total')
  for (const stream of [false, true]) {
    const response = await ask(stream)
    assert.equal(response.status, 200)
    await response.text()
    assert.equal(response.headers.get('x-tollgate-cost-usd'), null, 'not free: unknown')
    assert.match(response.headers.get('x-tollgate-overhead-ms') ?? '', /^\d+\.\d{3}$/)
    const entry = (await stack.ledger()).at(-1)
    assert.ok(entry)
    assert.equal(entry.cost.unpriced, true)
    assert.equal(entry.usageSource, 'provider')
    assert.ok(entry.tokens.input > 0 && entry.tokens.output > 0)
  }
  assert.equal(await stack.counter('tollgate_unpriced_calls_total'), counted + 2)
})

test('where unpriced models are blocked, the call is refused before it costs anything', async () => {
  const billed = stack.bill().length
  await stack.reload({ more: 'unpriced: block' })
  try {
    const response = await ask(false)
    assert.equal(response.status, 403)
    assert.match(await response.text(), /"code":"model_not_priced"/)
    assert.equal(stack.bill().length, billed)
    const entry = (await stack.ledger()).at(-1)
    assert.deepEqual([entry?.outcome, entry?.errorCode], ['refused', 'model_not_priced'])
  } finally {
    await stack.reload({})
  }
})

test('a price in the configuration unblocks it', async () => {
  const price = `  - {provider: relay, model: ${model}, from: 2020-01-01, input_per_mtok: "1.00", output_per_mtok: "2.00"}`
  await stack.reload({ more: `unpriced: block\nprices:\n${price}` })
  try {
    const response = await ask(false)
    assert.equal(response.status, 200)
    await response.text()
    const entry = (await stack.ledger()).at(-1)
    assert.ok(entry)
    const { input, output } = entry.tokens
    assert.equal(entry.cost.totalPicoUsd, BigInt(input) * 1_000_000n + BigInt(output) * 2_000_000n)
    assert.match(response.headers.get('x-tollgate-cost-usd') ?? '', /^0\.0000\d{8}$/)
  } finally {
    await stack.reload({})
  }
})
