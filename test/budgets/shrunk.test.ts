import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret } from '#test/support/stack.ts'
import { kinds, messages, only, team, wishes, withStack } from './near-limit.ts'
import { post, spend } from './spending.ts'
import { checkStack } from './state.ts'

for (const { path, body, limit, usd } of kinds) {
  const name = `${path} with ${limit.join('.')}`
  test(`${name}: near the limit a plain call is made shorter, where the budget says so`, async () => {
    const simulate = {
      'x-simulate': 'input=20 tokens=5000',
      'x-api-key': callerSecret,
      'anthropic-version': '2023-06-01',
    }
    await withStack(team(usd, ', near_limit: shrink'), async (stack) => {
      const { status, text } = await post(stack, path, body, simulate)
      assert.equal(status, 200, text)
      const entry = await only(stack)
      assert.deepEqual(entry.marks, ['output_shrunk'])
      const [line] = stack.bill()
      assert.ok(line !== undefined && line.counts.outputTokens >= 16 && line.counts.outputTokens < 600)
      assert.equal(entry.tokens.output, line.counts.outputTokens)
      assert.ok(entry.cost.totalPicoUsd <= BigInt(Math.round(Number(usd) * 1e12)))
      await checkStack(stack)
    })
  })
}

test('what a shrunk call asks its provider for is what its budget affords, and all else is as it was', async () => {
  const upstream = await startRawUpstream()
  const providers = `  - {name: openai, kind: openai, base_url: "\${SIMULATOR}", api_key: sk-x}`
  try {
    await withStack(
      team('0.004', ', near_limit: shrink'),
      async (stack) => {
        await post(stack, '/v1/chat/completions', { model: 'gpt-4.1', messages, max_tokens: 9000, temperature: 0.25 })
        const sent = JSON.parse(upstream.requests[0]?.split('\r\n\r\n')[1] ?? '')
        assert.deepEqual({ ...sent, max_tokens: 0 }, { model: 'gpt-4.1', messages, max_tokens: 0, temperature: 0.25 })
        // 8 USD per million tokens.
        assert.ok(sent.max_tokens >= 400 && sent.max_tokens * 8_000_000 <= 4_000_000_000, `${sent.max_tokens}`)
      },
      { providers, upstream: upstream.url },
    )
  } finally {
    await upstream.close()
  }
})

test('a call that leaves less than an answer is refused even where it may be shrunk', async () => {
  await withStack(team('0.0001', ', near_limit: shrink'), async (stack) => {
    assert.equal((await spend(stack, wishes)).status, 402)
    await checkStack(stack)
  })
})

test('who comes while a shorter call holds all that was left waits for what it gives back', async () => {
  const patient = 'budgets_hold_wait_ms: 60000\n'
  await withStack(patient + team('0.004', ', near_limit: shrink'), async (stack) => {
    const slow = 'input=20 tokens=50 speed=1 ttft=100'
    const said = await Promise.all(Array.from({ length: 4 }, () => spend(stack, slow)))
    for (const { status, text } of said) assert.equal(status, 200, text)
    for (const { marks, tokens } of await stack.ledger()) {
      assert.deepEqual([marks, tokens.output], [['output_shrunk'], 50])
    }
    await checkStack(stack)
  })
})
