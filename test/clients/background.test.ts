import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { booked, checkAmounts } from '#test/support/booked.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

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

const openai = (apiKey = callerSecret) => new OpenAI({ apiKey, baseURL: `${stack.url}/v1`, maxRetries: 0 })

const begun = { endpoint: 'responses', usageSource: 'none', sameCost: false } as const

async function begin(): Promise<string> {
  const ask = { model: 'gpt-5', input: 'Hello', background: true } as const
  const { answer, entry } = await booked(stack, begun, () => openai().responses.create(ask))
  assert.equal(answer.status, 'queued')
  assert.equal(entry.cost.totalPicoUsd, 0n)
  return answer.id
}

function done(id: string, key = callerSecret): Promise<OpenAI.Responses.Response> {
  return until('the job to be done', async () => {
    const response = await openai(key).responses.retrieve(id)
    return response.status === 'completed' ? response : null
  })
}

async function jobs(): Promise<SettleEntry[]> {
  return (await stack.ledger()).filter((entry) => entry.marks.includes('background_job'))
}

async function checkTotal(): Promise<void> {
  const ours = (await stack.ledger()).reduce((sum, entry) => sum + entry.cost.totalPicoUsd, 0n)
  const theirs = stack.bill().reduce((sum, line) => sum + (line.costPicoUsd ?? 0n), 0n)
  assert.equal(ours, theirs)
}

test('a job is booked once, when its result is first seen, to whoever began it', async () => {
  const id = await begin()
  assert.equal((await openai(otherSecret).responses.retrieve(id)).usage ?? null, null)
  assert.equal((await jobs()).length, 0)
  const response = await done(id, otherSecret)
  const [job] = await jobs()
  const line = stack.bill().find((candidate) => candidate.id === id)
  assert.ok(job !== undefined && line !== undefined)
  checkAmounts(job, [line], line)
  assert.equal(job.tokens.output, response.usage?.output_tokens)
  assert.deepEqual(
    [job.call.payer.department, job.call.modelRequested, job.outcome],
    ['engineering', 'gpt-5', 'served'],
  )
  await Promise.all([openai().responses.retrieve(id), openai().responses.retrieve(id)])
  assert.equal((await jobs()).length, 1)
  await checkTotal()
})

test('a job is not forgotten over a restart, and not booked twice after one', async () => {
  const before = (await jobs()).length
  const id = await begin()
  await stack.stopGateway()
  await stack.startGateway()
  assert.equal((await jobs()).length, before)
  assert.ok((await stack.ledger()).every((entry) => entry.outcome !== 'interrupted'))
  await done(id)
  assert.equal((await jobs()).length, before + 1)
  await stack.stopGateway()
  await stack.startGateway()
  await openai().responses.retrieve(id)
  assert.equal((await jobs()).length, before + 1)
  await checkTotal()
})

test('two callers who see the result at the same time book it once', async () => {
  const before = (await jobs()).length
  const id = await begin()
  await until('the job to be done', async () => {
    const responses = await Promise.all([openai().responses.retrieve(id), openai().responses.retrieve(id)])
    return responses.every((response) => response.status === 'completed') ? true : null
  })
  assert.equal((await jobs()).length, before + 1)
  await checkTotal()
})

test('a job that is streamed to its end is booked by the call that began it', async () => {
  const before = (await jobs()).length
  const ask = { model: 'gpt-4.1', input: 'Hello', background: true, stream: true } as const
  const { answer } = await booked(stack, { endpoint: 'responses', stream: true }, async () => {
    let id = ''
    for await (const event of await openai().responses.create(ask)) {
      if (event.type === 'response.completed') id = event.response.id
    }
    return id
  })
  await done(answer)
  assert.equal((await jobs()).length, before)
  await checkTotal()
})

test('a job whose stream breaks off is booked when its result is fetched', async () => {
  const before = (await jobs()).length
  const ask = { model: 'gpt-4.1', input: 'Hello', background: true, stream: true } as const
  const headers = { 'x-simulate': 'reset=4' }
  let id = ''
  const broken = { ...begun, stream: true, outcome: 'failed', errorCode: 'upstream_reset' } as const
  await booked(stack, broken, () =>
    assert.rejects(async () => {
      for await (const event of await openai().responses.create(ask, { headers })) {
        if (event.type === 'response.created') id = event.response.id
      }
    }),
  )
  const response = await done(id)
  const made = (await jobs()).at(-1)
  assert.equal((await jobs()).length, before + 1)
  assert.equal(made?.tokens.output, response.usage?.output_tokens)
})

test('a job that is cancelled or deleted is booked with what can be guessed', async () => {
  for (const stop of ['cancel', 'delete'] as const) {
    const before = (await jobs()).length
    const id = await begin()
    await openai().responses[stop](id)
    const entries = await jobs()
    const made = entries.at(-1)
    assert.equal(entries.length, before + 1)
    assert.deepEqual([made?.outcome, made?.usageSource, made?.tokens.output], ['cancelled', 'estimated', 0])
    assert.ok((made?.tokens.input ?? 0) > 0)
  }
})
