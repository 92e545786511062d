import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI from 'openai'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spentOf } from './spending.ts'
import { budgetsAt, checkStack } from './state.ts'

/** gpt-4.1: 200 tokens of output at most, for 0.0016 USD; the input is a fraction of that. */
const ask = { model: 'gpt-4.1', input: 'Hello', background: true, max_output_tokens: 200 } as const

const openaiFor = (stack: Stack) => new OpenAI({ apiKey: stack.key, baseURL: `${stack.url}/v1`, maxRetries: 0 })

test('what a background job may cost is held until it is booked, so that no number of them passes a budget', async () => {
  const more = 'budgets_hold_wait_ms: 0\nbudgets:\n  - {name: team, limits: [{window: day, usd: "0.006"}]}'
  const stack = await startStack({ more })
  try {
    const openai = openaiFor(stack)
    const begun: string[] = []
    const refused: unknown[] = []
    for (let job = 0; job < 8; job++) {
      try {
        begun.push((await openai.responses.create(ask)).id)
      } catch (error) {
        refused.push(error)
      }
    }
    assert.ok(begun.length > 0 && begun.length <= 3, `${begun.length} were begun`)
    for (const error of refused) assert.ok(error instanceof OpenAI.APIError && error.status === 402)
    const held = BigInt((await budgetsAt(stack.dataDir)).limits[0]?.held ?? 0)
    assert.ok(held >= BigInt(begun.length) * 1_600_000_000n, `${held}`)
    for (const id of begun) {
      await until('the job to be done', async () => (await openai.responses.retrieve(id)).status === 'completed')
    }
    const [limit] = await checkStack(stack)
    const ledger = await stack.ledger()
    assert.equal(ledger.filter(({ marks }) => marks.includes('background_job')).length, begun.length)
    assert.equal(BigInt(limit?.spent ?? 0), spentOf(ledger))
    assert.ok(spentOf(ledger) > 0n && BigInt(limit?.available ?? 0) >= 0n)
    await openai.responses.create(ask)
  } finally {
    await stack.stop()
  }
})

test('a background job that is streamed is held whole: ending its stream would not end it', async () => {
  const more = 'budgets_hold_wait_ms: 0\nbudgets:\n  - {name: team, limits: [{window: day, usd: "0.006"}]}'
  const stack = await startStack({ more })
  try {
    const call = openaiFor(stack).responses.create({ ...ask, max_output_tokens: 5000, stream: true })
    await assert.rejects(call, (error) => error instanceof OpenAI.APIError && error.status === 402)
    await checkStack(stack)
    assert.equal(stack.bill().length, 0)
  } finally {
    await stack.stop()
  }
})

test('a background job takes no place among the calls under way', async () => {
  const limits = '[{concurrent: 1}, {window: day, requests: 100}, {window: day, usd: "1"}]'
  const stack = await startStack({ more: `budgets:\n  - {name: team, limits: ${limits}}` })
  try {
    for (let job = 0; job < 3; job++) await openaiFor(stack).responses.create(ask)
    const { limits: now } = await budgetsAt(stack.dataDir)
    assert.deepEqual(
      now.map(({ held }) => held !== '0'),
      [false, true, true],
    )
  } finally {
    await stack.stop()
  }
})
