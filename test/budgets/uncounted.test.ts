import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { only, team, withStack } from './near-limit.ts'
import { billed, spend } from './spending.ts'
import { checkStack } from './state.ts'

function terminate(worker: Worker): void {
  void worker.terminate()
}
afterEach(() => process.removeListener('worker', terminate))

/** No words: more than half as many tokens as bytes. */
const dense = Array.from({ length: 60 }, (_, index) => createHash('sha256').update(`${index}`).digest('hex')).join(' ')
const messages = [{ role: 'user', content: dense }]
const ask = { messages, max_tokens: 20 }

test('near the limit a call is refused by its bytes where the tokenizer dies', async () => {
  // 3,840 bytes at 2 USD a million: 0.0077. A quarter of that would fit, and what is billed would not.
  process.on('worker', terminate)
  await withStack(team('0.005'), async (stack) => {
    assert.equal((await spend(stack, 'input=2900 tokens=20', ask)).status, 402)
    assert.equal((await only(stack)).outcome, 'refused')
    await checkStack(stack)
  })
})

test('and served where it fits by its bytes, or is counted', async () => {
  process.on('worker', terminate)
  await withStack(team('0.0085'), async (stack) => {
    assert.equal((await spend(stack, 'input=2900 tokens=20', ask)).status, 200)
  })
  process.removeListener('worker', terminate)
  await withStack(team('0.0078'), async (stack) => {
    assert.equal((await spend(stack, 'input=2900 tokens=20', ask)).status, 200)
    assert.ok(billed(stack) <= 7_800_000_000n)
  })
})

test('a stream whose text cannot be counted ends by its bytes', async () => {
  process.on('worker', terminate)
  const short = [{ role: 'user', content: 'Hi' }]
  await withStack(team('0.0065'), async (stack) => {
    const { status, text } = await spend(stack, 'input=20 tokens=3000 speed=1 ttft=5 tps=900', {
      messages: short,
      stream: true,
    })
    assert.equal(status, 200)
    assert.match(text, /"finish_reason":"length"/)
    const { marks, cost } = await only(stack)
    assert.deepEqual(marks, ['budget_ended:team'])
    assert.ok(cost.totalPicoUsd <= 6_500_000_000n && billed(stack) <= 6_500_000_000n)
    await checkStack(stack)
  })
})
