import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { toFile } from 'openai'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { noCounts } from '#simulator/counts.ts'
import { listPrice } from '#simulator/price-list.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

let stack: Stack

const otherSecret = 'tg-other-5ecre7'

before(async () => {
  stack = await startStack({
    keys: [
      `  - {name: team, key: ${callerSecret}, attribution: {department: engineering}}`,
      `  - {name: other, key: ${otherSecret}, attribution: {department: other}}`,
    ].join('\n'),
  })
})
after(() => stack.stop())

const anthropic = (apiKey = callerSecret) => new Anthropic({ apiKey, baseURL: stack.url, maxRetries: 0 })
const openai = (apiKey = callerSecret) => new OpenAI({ apiKey, baseURL: `${stack.url}/v1`, maxRetries: 0 })

async function batchRecords(): Promise<SettleEntry[]> {
  return (await stack.ledger()).filter((entry) => entry.marks.includes('batch'))
}

/** Half the list price for each request by itself, as the vendors bill batches (the list's flex tier is half as well). */
function halfPrice(model: string, atMs: number, used: readonly (readonly [input: number, output: number])[]): bigint {
  return used.reduce((sum, [inputTokens, outputTokens]) => {
    const cost = listPrice(model, { ...noCounts, inputTokens, outputTokens }, atMs, 'flex')
    assert.ok(cost !== null && cost > 0n)
    return sum + cost
  }, 0n)
}

const params = (model: string, content: string) => ({
  model,
  max_tokens: 60,
  messages: [{ role: 'user' as const, content }],
})

test('a batch of messages is booked once, when its results are read, to whoever ordered it', async () => {
  const requests = [
    { custom_id: 'one', params: params('claude-haiku-4-5', 'Tell me about bridges.') },
    { custom_id: 'two', params: params('claude-haiku-4-5', 'Tell me about tunnels, and at length.') },
    { custom_id: 'three', params: params('claude-sonnet-4-5', 'And about ferries.') },
    { custom_id: 'bad', params: params('claude-none', 'x') },
  ]
  const { id } = await anthropic().messages.batches.create({ requests })
  assert.equal((await batchRecords()).length, 0)
  const read = async () => {
    const used = new Map<string, [number, number][]>()
    // By the address that the batch names: it must be one of this gateway.
    for await (const { result } of await anthropic(otherSecret).messages.batches.results(id)) {
      if (result.type !== 'succeeded') continue
      const { model, usage } = result.message
      used.set(model, [...(used.get(model) ?? []), [usage.input_tokens, usage.output_tokens]])
    }
    return used
  }
  const used = await read()
  assert.equal(used.size, 2)
  const records = await batchRecords()
  assert.equal(records.length, 2)
  for (const record of records) {
    const { call, cost, tokens } = record
    const mine = used.get(record.modelServed) ?? []
    const name = record.modelServed.replace(/-\d{8}$/, '')
    assert.equal(cost.totalPicoUsd, halfPrice(name, call.startedAtMs, mine), record.modelServed)
    assert.equal(
      tokens.input,
      mine.reduce((sum, [input]) => sum + input, 0),
    )
    assert.equal(
      tokens.output,
      mine.reduce((sum, [, output]) => sum + output, 0),
    )
    assert.deepEqual(
      [call.payer.department, call.keyId, call.endpoint, call.vendor, record.usageSource, record.outcome],
      ['engineering', 'cfg_team', 'messages.batches', 'anthropic', 'provider', 'served'],
    )
  }
  await read()
  assert.equal((await batchRecords()).length, 2, 'who reads it again books nothing')
})

const lines = [
  { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: params('gpt-4.1-mini', 'Bridges?') },
  { custom_id: 'b', method: 'POST', url: '/v1/chat/completions', body: params('gpt-4.1-mini', 'Tunnels, please.') },
  { custom_id: 'c', method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4.1-mini' } },
]

async function orderFile(): Promise<string> {
  const content = lines.map((line) => JSON.stringify(line)).join('\n')
  const file = await openai().files.create({ purpose: 'batch', file: await toFile(Buffer.from(content), 'in.jsonl') })
  const endpoint = '/v1/chat/completions'
  return (await openai().batches.create({ input_file_id: file.id, endpoint, completion_window: '24h' })).id
}

test('an OpenAI batch is booked when its output file is read, also over a restart in between', async () => {
  const before = (await batchRecords()).length
  const id = await orderFile()
  const { output_file_id: output } = await openai().batches.retrieve(id)
  assert.ok(output)
  assert.equal((await batchRecords()).length, before)
  await stack.stopGateway()
  await stack.startGateway()
  const text = await (await openai(otherSecret).files.content(output)).text()
  const used = text
    .split('\n')
    .filter(Boolean)
    .flatMap((line): [number, number][] => {
      const { response } = JSON.parse(line)
      return response.status_code === 200
        ? [[response.body.usage.prompt_tokens, response.body.usage.completion_tokens]]
        : []
    })
  assert.equal(used.length, 2)
  const [record, ...more] = (await batchRecords()).slice(before)
  assert.ok(record !== undefined && more.length === 0)
  assert.equal(record.cost.totalPicoUsd, halfPrice('gpt-4.1-mini', record.call.startedAtMs, used))
  assert.deepEqual([record.call.payer.department, record.call.endpoint], ['engineering', 'batches'])
  await (await openai().files.content(output)).text()
  await stack.stopGateway()
  await stack.startGateway()
  await (await openai().files.content(output)).text()
  assert.equal((await batchRecords()).length, before + 1)
})

test('results that nobody can fetch any more are booked as not fetched', async () => {
  const before = (await batchRecords()).length
  const id = await orderFile()
  const { output_file_id: output } = await openai().batches.retrieve(id)
  assert.ok(output)
  await openai().files.delete(output)
  const made = await anthropic().messages.batches.create({
    requests: [{ custom_id: 'one', params: params('claude-haiku-4-5', 'Hi') }],
  })
  await anthropic().messages.batches.delete(made.id)
  const told = (await batchRecords()).slice(before)
  assert.deepEqual(
    told.map(({ outcome, errorCode, usageSource }) => [outcome, errorCode, usageSource]),
    [
      ['cancelled', 'result_not_fetched', 'none'],
      ['cancelled', 'result_not_fetched', 'none'],
    ],
  )
})

test('a batch without a request that succeeded costs nothing', async () => {
  const before = (await batchRecords()).length
  const requests = [{ custom_id: 'bad', params: params('claude-none', 'x') }]
  const { id } = await anthropic().messages.batches.create({ requests })
  await anthropic().messages.batches.retrieve(id)
  const [record] = (await batchRecords()).slice(before)
  assert.deepEqual([record?.outcome, record?.usageSource, record?.cost.totalPicoUsd], ['served', 'none', 0n])
})

test('several who read the results at once book them once', async () => {
  const before = (await batchRecords()).length
  const id = await orderFile()
  const { output_file_id: output } = await openai().batches.retrieve(id)
  assert.ok(output)
  const texts = await Promise.all(Array.from({ length: 5 }, async () => (await openai().files.content(output)).text()))
  assert.equal(new Set(texts).size, 1)
  assert.equal((await batchRecords()).length, before + 1)
})
