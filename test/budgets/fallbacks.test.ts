import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack } from '#test/support/stack.ts'
import { messages, only, team, withStack } from './near-limit.ts'
import { post, type Said, spentOf } from './spending.ts'
import { checkStack } from './state.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const providers = '  - {name: anthropic, kind: anthropic, base_url: "${SIMULATOR}/v1", api_key: k}'
const haiku = { model: 'claude-haiku-4-5', max_tokens: 100, messages }
const opus = { model: 'claude-opus-4-1', max_tokens: 32_000 }

/** Anthropic, whose first model declines and whose last one writes all that it may. */
async function decliningUpstream(): Promise<RawUpstream> {
  const upstream = await startRawUpstream()
  ends.push(() => upstream.close())
  const read = { input_tokens: 30, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  const iterations = [
    { type: 'message', model: 'claude-haiku-4-5-20251001', ...read, output_tokens: 100 },
    { type: 'fallback_message', model: 'claude-opus-4-1-20250805', ...read, output_tokens: 32_000 },
  ]
  const usage = { ...read, output_tokens: 32_000, iterations }
  const content = [{ type: 'text', text: 'Paris' }]
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-4-1-20250805', content, usage }
  upstream.answers(httpAnswer(JSON.stringify({ ...message, stop_reason: 'end_turn', stop_sequence: null })))
  return upstream
}

function ask(stack: Stack, fallbacks: unknown, more: Readonly<Record<string, unknown>> = {}): Promise<Said> {
  const headers = { 'x-api-key': callerSecret, 'anthropic-version': '2023-06-01' }
  return post(stack, '/v1/messages', { ...haiku, fallbacks, ...more }, headers)
}

/** By the list: 1 and 5 USD a million tokens of Haiku, 15 and 75 of Opus. */
const cost = 30n * 1_000_000n + 100n * 5_000_000n + 30n * 15_000_000n + 32_000n * 75_000_000n

for (const rest of ['', ', unbounded: refuse', ', unbounded: assume', ', near_limit: shrink']) {
  test(`no model that answers instead takes more than a blocking budget has${rest}`, async () => {
    const upstream = await decliningUpstream()
    await withStack(
      team('0.05', rest),
      async (stack) => {
        for (const more of [{}, { stream: true }]) assert.equal((await ask(stack, [opus], more)).status, 402)
        assert.equal(upstream.requests.length, 0)
        assert.equal(spentOf(await stack.ledger()), 0n)
        await checkStack(stack)
      },
      { providers, upstream: upstream.url },
    )
  })
}

test('what fits is made, held with all of its models, and booked at the price of each', async () => {
  const upstream = await decliningUpstream()
  await withStack(
    team('2.5', ', unbounded: refuse'),
    async (stack) => {
      assert.equal((await ask(stack, [opus])).status, 200)
      const entry = await only(stack)
      assert.deepEqual([entry.cost.totalPicoUsd, entry.cost.unpriced], [cost, false])
      assert.deepEqual([entry.tokens.input, entry.tokens.output], [60, 32_100])
      assert.equal((await ask(stack, [opus])).status, 402)
      await checkStack(stack)
    },
    { providers, upstream: upstream.url },
  )
})

test('a limit of tokens counts those of every model', async () => {
  const upstream = await decliningUpstream()
  const budgets = 'budgets:\n  - {name: team, limits: [{window: minute, tokens: 20000}]}'
  await withStack(
    budgets,
    async (stack) => {
      const { status, text } = await ask(stack, [opus])
      assert.equal(status, 429, text)
      assert.equal(upstream.requests.length, 0)
    },
    { providers, upstream: upstream.url },
  )
})

test('models that the provider chooses are kept out by a budget that takes no call without a bound', async () => {
  const upstream = await decliningUpstream()
  await withStack(
    team('100', ', unbounded: refuse'),
    async (stack) => {
      const { status, text } = await ask(stack, 'default')
      assert.equal(status, 400)
      const { code, message } = JSON.parse(text).error
      assert.equal(code, 'call_unbounded')
      assert.match(message, /other models may answer.*\. With no "fallbacks" in the request it has a bound\.$/)
      assert.equal(upstream.requests.length, 0)
    },
    { providers, upstream: upstream.url },
  )
})

for (const [what, body, instead] of [
  ['writes', { max_tokens: 2_000 }, { max_tokens: 2_000 }],
  ['reads', { max_tokens: 1, messages: [{ role: 'user', content: 'one word '.repeat(1_200) }] }, { max_tokens: 1 }],
] as const) {
  test(`what a model that no list has ${what} in place of another is held where the provider states the cost`, async () => {
    const upstream = await decliningUpstream()
    const house = { ...body, model: 'house-1' }
    await withStack(
      // Either by itself takes some 0.3 USD: 2,000 tokens at 75 USD a million, or 11,000 bytes at 15, twice.
      `${team('0.5')}\ncost_source: provider`,
      async (stack) => {
        assert.equal((await ask(stack, [{ model: 'house-2', ...instead }], house)).status, 402)
        assert.equal(upstream.requests.length, 0)
        assert.equal((await ask(stack, undefined, house)).status, 200)
        await checkStack(stack)
      },
      { providers: `${providers.slice(0, -1)}, models: ["house-*"]}`, upstream: upstream.url },
    )
  })
}
