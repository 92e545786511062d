import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callerSecret, type Stack } from '#test/support/stack.ts'
import { messages, team, withStack } from './near-limit.ts'
import { post, type Said, spend } from './spending.ts'
import { checkStack } from './state.ts'

const params = { model: 'claude-haiku-4-5', max_tokens: 60, messages }
const anthropic = { 'x-api-key': callerSecret, 'anthropic-version': '2023-06-01' }

function orderMessages(stack: Stack): Promise<Said> {
  return post(stack, '/v1/messages/batches', { requests: [{ custom_id: 'one', params }] }, anthropic)
}

function orderFile(stack: Stack): Promise<Said> {
  const body = { input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' }
  return post(stack, '/v1/batches', body)
}

function codeOf({ text }: Said): string {
  return JSON.parse(text).error.code
}

/** Nobody knows which model a batch is for. */
const everyScope = ['', ', scope: {model: "gpt-*"}']

for (const scope of everyScope) {
  test(`a budget that takes nothing without a bound takes no batch${scope}`, async () => {
    await withStack(team('1000', `, unbounded: refuse${scope}`), async (stack) => {
      for (const said of [await orderMessages(stack), await orderFile(stack)]) {
        assert.deepEqual([said.status, codeOf(said)], [400, 'call_unbounded'], said.text)
        assert.match(said.text, /"?team.* takes no call without a bound of its cost: a batch /)
      }
      assert.deepEqual(
        (await stack.ledger()).map(({ outcome, marks }) => [outcome, ...marks]),
        [
          ['refused', 'call_unbounded:team'],
          ['refused', 'call_unbounded:team'],
        ],
      )
      await checkStack(stack)
    })
  })

  test(`a budget with nothing left takes no batch${scope}, and everything else that costs nothing`, async () => {
    const limits = 'limits: [{window: day, usd: "0.0018"}]'
    await withStack(`budgets:\n  - {name: team, ${limits}${scope}, unbounded: assume}`, async (stack) => {
      assert.equal((await orderMessages(stack)).status, 200)
      // Exactly what there is.
      assert.equal((await spend(stack, 'input=500 tokens=100', { max_tokens: 100 })).status, 200)
      for (const said of [await orderMessages(stack), await orderFile(stack)]) {
        assert.deepEqual([said.status, codeOf(said)], [402, 'budget_exceeded'], said.text)
        assert.equal(said.headers['x-should-retry'], 'false')
      }
      const headers = { authorization: `Bearer ${callerSecret}` }
      assert.equal((await fetch(`${stack.url}/v1/batches`, { headers })).status, 200)
    })
  })
}

test('a budget that only notifies takes every batch', async () => {
  await withStack(team('0.000001', ', on_exceeded: notify'), async (stack) => {
    await spend(stack, 'input=500 tokens=100')
    assert.equal((await orderMessages(stack)).status, 200)
  })
})

test('what calls under way hold keeps no batch out', async () => {
  await withStack(team('0.5'), async (stack) => {
    const [said, ordered] = await Promise.all([
      spend(stack, 'input=500 tokens=100', { max_tokens: 30_000 }),
      orderMessages(stack),
    ])
    assert.deepEqual([said.status, ordered.status], [200, 200])
    await checkStack(stack)
  })
})
