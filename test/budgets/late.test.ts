import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend } from './spending.ts'
import { budgetsAt } from './state.ts'

const other = 'budgets:\n  - {name: other, scope: {department: sales}, limits: [{window: day, usd: "5"}]}'
const both = `${other}\n  - {name: team, scope: {department: engineering}, limits: [{window: day, usd: "0.01"}]}`

test('a call under way is held in a budget that is made while it runs', async () => {
  const stack = await startStack({ more: other })
  try {
    const under = spend(stack, 'input=20 tokens=200 speed=1 ttft=5 tps=200', { stream: true, max_tokens: 1000 })
    await until('the call to be under way', async () => (await stack.journal()).length > 0)
    await stack.reload({ more: both })
    const held = await until('the new budget to be known', async () => {
      const { limits } = await budgetsAt(stack.dataDir)
      return limits.find(({ budget }) => budget === 'team')?.held ?? null
    })
    assert.ok(BigInt(held) >= 8_000_000_000n, `${held}`)
    assert.equal((await under).status, 200)
  } finally {
    await stack.stop()
  }
})
