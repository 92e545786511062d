import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI from 'openai'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import { TollgateProcess } from '#test/crash/tollgate-process.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend, spentOf } from './spending.ts'
import { budgetsAt, checkBooks, checkStack, limitOf } from './state.ts'

/** gpt-4.1: 200 tokens of output at most, for 0.0016 USD; the input is a fraction of that. */
const ask = { model: 'gpt-4.1', input: 'Hello', background: true, max_output_tokens: 200 } as const

const openaiFor = ({ url }: Pick<Stack, 'url'>) =>
  new OpenAI({ apiKey: callerSecret, baseURL: `${url}/v1`, maxRetries: 0 })

/** Has job after job begun until a budget refuses one; their ids. */
async function beginAll(openai: OpenAI): Promise<string[]> {
  const begun: string[] = []
  for (;;) {
    try {
      begun.push((await openai.responses.create(ask)).id)
    } catch (error) {
      assert.ok(error instanceof OpenAI.APIError && error.status === 402, String(error))
      return begun
    }
  }
}

async function fetchAll(openai: OpenAI, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await until('the job to be done', async () => (await openai.responses.retrieve(id)).status === 'completed')
  }
}

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

/** Three jobs fit into the first. The others are of other windows and quantities, which must not stand in the way. */
const overRestarts = [
  'budgets_hold_wait_ms: 0',
  'budgets:',
  '  - {name: team, limits: [{window: day, usd: "0.006"}]}',
  '  - {name: rest, limits: [{window: minute, tokens: 1000000}, {window: month, requests: 1000}, {concurrent: 2}]}',
]

test('what is held for background jobs is held again after every kill of the gateway, until they are booked', async (t) => {
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing: { speed: 0 } })
  t.after(() => simulator.close())
  const gateway = await TollgateProcess.prepare({ upstream: simulator.address, more: overRestarts.join('\n') })
  t.after(() => gateway.remove())
  assert.ok(await gateway.start(), gateway.stderr)
  const openai = openaiFor(gateway)
  const begun = await beginAll(openai)
  assert.ok(begun.length > 0 && begun.length <= 3, `${begun.length} were begun`)
  const before = (await limitOf(gateway.dataDir, 'team')).held
  for (const end of ['kill', 'terminate', 'kill'] as const) {
    await gateway[end]()
    assert.ok(await gateway.start(), gateway.stderr)
    assert.equal((await limitOf(gateway.dataDir, 'team')).held, before, `after ${end}`)
    assert.deepEqual(await beginAll(openai), [], 'no other job is begun')
  }
  await fetchAll(openai, begun)
  const [team] = await checkBooks(gateway.dataDir, () => gateway.entries())
  assert.ok(BigInt(team?.spent ?? 0) > 0n && BigInt(team?.available ?? 0) >= 0n)
  assert.ok((await beginAll(openai)).length > 0, 'there is money again')
})

test('a budget that is made while jobs and calls run holds what they may cost, now and after a restart', async () => {
  const stack = await startStack()
  try {
    const openai = openaiFor(stack)
    const begun = [(await openai.responses.create(ask)).id, (await openai.responses.create(ask)).id]
    const call = spend(stack, 'input=20 tokens=200 speed=1 ttft=5 tps=200', { stream: true, max_tokens: 1000 })
    await until('the call to be under way', async () => (await stack.journal()).some(({ call: { stream } }) => stream))
    const more = overRestarts.join('\n')
    await stack.reload({ more })
    // Two jobs of 200 tokens of output, and a call of 1,000.
    const held = BigInt((await limitOf(stack.dataDir, 'team')).held)
    assert.ok(held >= 11_200_000_000n, `${held}`)
    assert.equal((await call).status, 200)
    await until('the call to be booked', async () => {
      const { held: jobs } = await limitOf(stack.dataDir, 'team')
      return BigInt(jobs) >= 3_200_000_000n && BigInt(jobs) < 11_200_000_000n
    })
    const jobs = (await limitOf(stack.dataDir, 'team')).held
    await stack.stopGateway()
    const again = await startStack({ dataDir: stack.dataDir, upstream: stack.simulator.address, more })
    assert.equal((await limitOf(again.dataDir, 'team')).held, jobs)
    await fetchAll(openaiFor(again), begun)
    const [team] = await checkStack(again)
    assert.equal(BigInt(team?.spent ?? 0), spentOf(await again.ledger()))
    await again.stopGateway()
    await again.simulator.close()
  } finally {
    await stack.stop()
  }
})
