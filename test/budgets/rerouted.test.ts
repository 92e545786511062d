import assert from 'node:assert/strict'
import { test } from 'node:test'
import { only, withStack } from './near-limit.ts'
import { spend } from './spending.ts'
import { checkStack, type Scopes } from './state.ts'

/** The team has nothing left; the model that its calls are rerouted to has a budget of its own. */
function twoBudgets(usd: string, rest = ''): string {
  return [
    'budgets:',
    '  - {name: team, limits: [{window: day, usd: "0.0000001"}], on_exceeded: {reroute: gpt-4.1-nano}}',
    `  - {name: nano, scope: {model: "*-nano"}, limits: [{window: day, usd: "${usd}"}]${rest}}`,
  ].join('\n')
}
const scopes: Scopes = {
  nano: ({ modelRouted }) => modelRouted === 'gpt-4.1-nano',
}

test('a rerouted call that is short of another budget is made shorter, where that one says so', async () => {
  await withStack(twoBudgets('0.0002', ', near_limit: shrink'), async (stack) => {
    const { status, headers, text } = await spend(stack, 'input=20 tokens=9000', { max_tokens: 9000 })
    assert.equal(status, 200, text)
    assert.equal(headers['x-tollgate-rerouted'], 'gpt-4.1 -> gpt-4.1-nano')
    assert.equal(JSON.parse(text).choices[0].finish_reason, 'length')
    const { marks, cost, tokens, call } = await only(stack)
    assert.deepEqual([marks, call.modelRouted], [['rerouted:team', 'output_shrunk'], 'gpt-4.1-nano'])
    // 0.4 USD a million.
    assert.ok(tokens.output >= 400 && tokens.output <= 500, `${tokens.output}`)
    assert.ok(cost.totalPicoUsd <= 200_000_000n)
    await checkStack(stack, scopes)
  })
})

test('a rerouted call whose prompt fits once it is counted is served as it is', async () => {
  const messages = [{ role: 'user', content: 'What is the capital of France? '.repeat(50) }]
  // 1,550 bytes at 0.1 USD a million are 0.000155.
  await withStack(twoBudgets('0.0001'), async (stack) => {
    const { status, text } = await spend(stack, 'input=400 tokens=20', { messages, max_tokens: 20 })
    assert.equal(status, 200, text)
    assert.deepEqual((await only(stack)).marks, ['rerouted:team'])
    await checkStack(stack, scopes)
  })
})

test('a rerouted stream goes on for as long as another budget pays, and ends in order', async () => {
  await withStack(twoBudgets('0.0003'), async (stack) => {
    const paced = 'input=20 tokens=3000 speed=1 ttft=5 tps=600'
    const { status, headers, text } = await spend(stack, paced, { stream: true })
    assert.deepEqual([status, headers['x-tollgate-rerouted']], [200, 'gpt-4.1 -> gpt-4.1-nano'])
    assert.match(text, /"finish_reason":"length".*\[DONE\]\s*$/s)
    const { marks, cost } = await only(stack)
    assert.deepEqual(marks, ['rerouted:team', 'budget_ended:nano'])
    assert.ok(cost.totalPicoUsd > 0n && cost.totalPicoUsd <= 300_000_000n)
    await checkStack(stack, scopes)
  })
})

test('a rerouted call that is short of another budget all the same is refused in its name', async () => {
  await withStack(twoBudgets('0.000001', ', near_limit: shrink'), async (stack) => {
    const { status, text } = await spend(stack, 'input=20 tokens=100')
    assert.equal(status, 402)
    assert.match(text, /\\"nano\\" for this day/)
    assert.equal(stack.bill().length, 0)
    await checkStack(stack, scopes)
  })
})
