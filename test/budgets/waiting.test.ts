import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend } from './spending.ts'
import { budgetsAt, checkStack } from './state.ts'

/** One call of at most 100 tokens fits, and no two. */
const budget = 'budgets:\n  - {name: team, limits: [{window: day, usd: "0.0019"}]}'
const most = { max_tokens: 100 }

async function withStack(more: string, run: (stack: Stack) => Promise<void>): Promise<void> {
  const stack = await startStack({ more: `${budget}\n${more}` })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

/** Both at once: `first` is on its way before `second` is made. */
async function besideSlow<T>(stack: Stack, wishes: string, second: () => Promise<T>) {
  const first = spend(stack, wishes, most)
  await until('the slow call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
  return Promise.all([first, second()])
}

test('who waits for money that another call holds gets it when that call needed less', async () => {
  await withStack('budgets_hold_wait_ms: 60000', async (stack) => {
    const slow = 'input=20 tokens=1 speed=1 ttft=300'
    const [first, second] = await besideSlow(stack, slow, () => spend(stack, 'input=20 tokens=1', most))
    assert.deepEqual([first.status, second.status], [200, 200])
    const [one, two] = await stack.ledger()
    assert.ok(one !== undefined && two !== undefined)
    await checkStack(stack)
  })
})

test('who has waited for too long is refused, while what it waited for is still held', async () => {
  await withStack('budgets_hold_wait_ms: 50\ndrain_ms: 100', async (stack) => {
    const held = spend(stack, 'stall=before-headers stall-ms=60000', most)
    await until('the stalled call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
    const { status, text } = await spend(stack, 'input=20 tokens=1', most)
    assert.equal(status, 402)
    assert.match(text, /spent 0\.00, held for calls under way 0\.00\d+ USD/)
    await stack.stopGateway()
    assert.equal((await held).status, 503)
    await stack.startGateway()
    await checkStack(stack)
  })
})

test('who leaves while waiting waits no longer, and never goes upstream', async () => {
  await withStack('budgets_hold_wait_ms: 60000\ndrain_ms: 100', async (stack) => {
    const stalled = 'input=20 tokens=1 stall=before-headers stall-ms=60000'
    const held = spend(stack, stalled, most).catch(() => null)
    await until('the stalled call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
    const left = request(`${stack.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' },
    })
    left.on('error', () => {})
    left.end(JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }], ...most }))
    await until('the call to be read', () => left.writableFinished)
    // Another call that waits behind it: when it stands in line, so does the one before.
    const behind = spend(stack, 'input=20 tokens=1', most).catch(() => null)
    left.destroy()
    const record = await until('its record', async () => (await stack.ledger())[0] ?? null)
    assert.deepEqual([record.outcome, record.errorCode, record.statusCode], ['refused', 'client_left', 499])
    assert.equal(stack.bill().length, 0)
    await stack.stopGateway()
    assert.equal((await held)?.status, 503)
    await behind
  })
})

test('a stop does not wait for those who wait: they are told to try elsewhere', async () => {
  await withStack('budgets_hold_wait_ms: 60000\ndrain_ms: 100', async (stack) => {
    const held = spend(stack, 'stall=before-headers stall-ms=60000', most)
    await until('the stalled call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
    const waiting = spend(stack, 'input=20', most)
    const plain = await spend(stack, 'input=20', { model: 'no-such-model' })
    assert.equal(plain.status, 404, 'what came behind it has been read')
    await stack.stopGateway()
    const [first, second] = await Promise.all([held, waiting])
    assert.deepEqual([first.status, second.status], [503, 503])
    assert.match(second.text, /shutting_down/)
    await stack.startGateway()
    await checkStack(stack)
  })
})

const stalled = 'input=20 tokens=1 stall=before-headers stall-ms=60000'
const few = { max_tokens: 20 }

async function inLine(stack: Stack, calls: number): Promise<void> {
  await until(`${calls} calls to wait`, async () => (await budgetsAt(stack.dataDir)).waiting === calls)
}

test('who would fit lines up behind those who came earlier', async () => {
  await withStack('budgets_hold_wait_ms: 600000\ndrain_ms: 100', async (stack) => {
    const held = spend(stack, stalled, most)
    await until('the stalled call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
    const waits = spend(stack, 'input=20 tokens=1', most)
    await inLine(stack, 1)
    const fits = spend(stack, 'input=20 tokens=1', few)
    await inLine(stack, 2)
    await stack.reload({ more: `${budget.replace('0.0019', '0.0049')}\ndrain_ms: 100` })
    const both = await Promise.all([waits, fits])
    assert.deepEqual(
      both.map(({ status }) => status),
      [200, 200],
    )
    await stack.stopGateway()
    assert.equal((await held).status, 503)
  })
})

test('who would fit does not wait all its time for somebody who needs more', async () => {
  await withStack('budgets_hold_wait_ms: 6000\ndrain_ms: 100', async (stack) => {
    const held = spend(stack, stalled, most)
    await until('the stalled call to hold', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held !== '0')
    let isOver = false
    const waits = spend(stack, 'input=20 tokens=1', most).finally(() => {
      isOver = true
    })
    await inLine(stack, 1)
    assert.equal((await spend(stack, 'input=20 tokens=1', few)).status, 200)
    assert.ok(!isOver, 'it still waits')
    await stack.stopGateway()
    assert.deepEqual([(await held).status, (await waits).status], [503, 503])
  })
})
