import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpAnswer, startRawUpstream } from '#test/support/raw-upstream.ts'
import { type Stack, type StackOptions, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { type Said, spend } from './spending.ts'
import { budgetsAt, checkStack, limitOf } from './state.ts'

const wishes = 'input=20 tokens=100'

async function withLimits(limits: string, run: (stack: Stack) => Promise<void>, options: StackOptions = {}) {
  const stack = await startStack({ ...options, more: `budgets:\n  - {name: few, limits: [${limits}]}` })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

function rateHeaders({ headers }: Said): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-ratelimit-')))
}

function seconds(duration: unknown): number {
  const [, hours = 0, minutes = 0, rest = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(String(duration)) ?? []
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
}

test('requests: what is left is told with every answer, and what is too many is refused until the window ends', async () => {
  await withLimits('{window: day, requests: 3}', async (stack) => {
    const said: Said[] = []
    for (let call = 0; call < 5; call++) said.push(await spend(stack, wishes, call === 1 ? { stream: true } : {}))
    assert.deepEqual(
      said.map(({ status, headers }) => [status, headers['x-ratelimit-remaining-requests']]),
      [
        [200, '2'],
        [200, '1'],
        [200, '0'],
        [429, '0'],
        [429, '0'],
      ],
    )
    const limit = await limitOf(stack.dataDir, 'few', { quantity: 'requests' })
    assert.deepEqual([limit.spent, limit.limit, limit.state], ['3', '3', 'exceeded'])
    const { headers, text } = said[3] as Said
    assert.equal(headers['x-ratelimit-limit-requests'], '3')
    const secondsLeft = ((limit.windowEndMs ?? 0) - Date.now()) / 1000
    assert.ok(
      Math.abs(Number(headers['retry-after']) - secondsLeft) < 60,
      `${headers['retry-after']} of ${secondsLeft}`,
    )
    assert.ok(Math.abs(seconds(headers['x-ratelimit-reset-requests']) - secondsLeft) < 60)
    const { error } = JSON.parse(text)
    assert.deepEqual([error.code, error.type], ['rate_limited', 'rate_limit_error'])
    const refused = (await stack.ledger()).filter(({ outcome }) => outcome === 'refused')
    assert.deepEqual(
      refused.map(({ errorCode, marks, statusCode }) => [errorCode, statusCode, ...marks]),
      Array(2).fill(['rate_limited', 429, 'limited:few:requests:day']),
    )
    await checkStack(stack)
  })
})

test('requests that fail or are free count, and those that are refused do not', async () => {
  await withLimits('{window: hour, requests: 3}', async (stack) => {
    assert.equal((await spend(stack, 'status=400')).status, 400)
    assert.equal((await spend(stack, wishes, { model: 'no-such-model' })).status, 404)
    const models = () => fetch(`${stack.url}/v1/models`, { headers: { authorization: `Bearer ${stack.key}` } })
    assert.equal((await models()).headers.get('x-ratelimit-remaining-requests'), '1')
    const said = await spend(stack, wishes)
    assert.deepEqual([said.status, said.headers['x-ratelimit-remaining-requests']], [200, '0'])
    assert.equal((await models()).status, 429)
    const [limit] = await checkStack(stack)
    assert.equal(limit?.spent, '3')
  })
})

test('of many requests at once as many are served as are allowed', async () => {
  await withLimits('{window: day, requests: 7}', async (stack) => {
    const said = await Promise.all(Array.from({ length: 60 }, () => spend(stack, wishes)))
    assert.equal(said.filter(({ status }) => status === 200).length, 7)
    assert.equal(said.filter(({ status }) => status === 429).length, 53)
    assert.equal(stack.bill().length, 7)
    await checkStack(stack)
  })
})

test('calls at once: those that are too many are refused, and the place is free again when one ends', async () => {
  await withLimits('{concurrent: 2}', async (stack) => {
    const slow = 'input=20 tokens=5 speed=1 ttft=500'
    const slowCalls = [spend(stack, slow), spend(stack, slow, { stream: true })]
    await until('both to be under way', async () => (await budgetsAt(stack.dataDir)).limits[0]?.held === '2')
    const { status, headers, text } = await spend(stack, wishes)
    assert.deepEqual([status, headers['retry-after']], [429, '1'])
    assert.match(text, /The limit of 2 calls at once of \\"few\\" is reached/)
    for (const { status: served } of await Promise.all(slowCalls)) assert.equal(served, 200)
    await checkStack(stack)
    assert.equal((await spend(stack, wishes)).status, 200)
    await checkStack(stack)
  })
})

test('tokens: what is left is told, in the place of what the provider says', async () => {
  const upstream = await startRawUpstream()
  const usage = '"usage":{"prompt_tokens":20,"completion_tokens":30,"total_tokens":50}'
  const more = ['X-RateLimit-Limit-Tokens: 77', 'x-ratelimit-remaining-tokens: 76', 'x-ratelimit-limit-requests: 9']
  upstream.answers(
    httpAnswer(
      `{"id":"x","object":"chat.completion","model":"gpt-4.1","choices":[],${usage}}`,
      'application/json',
      more,
    ),
  )
  const providers = `  - {name: openai, kind: openai, base_url: "\${SIMULATOR}", api_key: sk-x}`
  try {
    await withLimits(
      '{window: day, tokens: 100000}, {window: hour, tokens: 90000}',
      async (stack) => {
        const first = await spend(stack, '', { max_tokens: 100 })
        const second = await spend(stack, '', { max_tokens: 100 })
        const told = rateHeaders(second)
        // What the call itself may take is not left: 50 were spent before.
        const remaining = Number(told['x-ratelimit-remaining-tokens'])
        assert.ok(remaining < 89_950 - 100 && remaining > 85_000, `${remaining}`)
        assert.deepEqual(
          { ...told, 'x-ratelimit-remaining-tokens': '', 'x-ratelimit-reset-tokens': '' },
          {
            'x-ratelimit-limit-requests': '9',
            'x-ratelimit-limit-tokens': '90000',
            'x-ratelimit-remaining-tokens': '',
            'x-ratelimit-reset-tokens': '',
          },
        )
        assert.ok(seconds(told['x-ratelimit-reset-tokens']) <= 3600)
        assert.equal(first.status, 200)
        const limits = await checkStack(stack)
        assert.deepEqual(
          limits.map(({ spent }) => spent),
          ['100', '100'],
        )
      },
      { providers, upstream: upstream.url },
    )
  } finally {
    await upstream.close()
  }
})

test('tokens: a call that may use more than is left is refused, with what is left', async () => {
  await withLimits('{window: day, tokens: 1000}', async (stack) => {
    const { status, headers, text } = await spend(stack, wishes, { max_tokens: 5000 })
    assert.deepEqual([status, headers['x-ratelimit-remaining-tokens']], [429, '1000'])
    assert.match(text, /has 1000 left, and this call may use more/)
    assert.equal((await spend(stack, wishes, { max_tokens: 100 })).status, 200)
    await checkStack(stack)
  })
})

test('tokens: a stream goes on for as long as there are any, whatever it could have used', async () => {
  await withLimits('{window: day, tokens: 1000}', async (stack) => {
    const small = await spend(stack, 'input=20 tokens=60', { stream: true })
    assert.equal(small.status, 200, small.text)
    assert.match(small.text, /"finish_reason":"stop"/)
    const large = await spend(stack, 'input=20 tokens=4000 speed=1 ttft=5 tps=600', { stream: true })
    assert.match(large.text, /"finish_reason":"length".*\[DONE\]/s)
    const [limit] = await checkStack(stack)
    assert.ok(BigInt(limit?.spent ?? '') <= 1000n)
    const [, entry] = await stack.ledger()
    assert.deepEqual([entry?.errorCode, entry?.marks[0]], ['budget_exceeded', 'budget_ended:few'])
  })
})

test('tokens: a plain call is made shorter where the budget says so', async () => {
  const more = 'budgets:\n  - {name: few, limits: [{window: day, tokens: 1000}], near_limit: shrink}'
  const stack = await startStack({ more })
  try {
    const { status, headers } = await spend(stack, 'input=20 tokens=4000')
    assert.deepEqual([status, headers['x-ratelimit-limit-tokens']], [200, '1000'])
    const [entry] = await stack.ledger()
    assert.deepEqual(entry?.marks, ['output_shrunk'])
    const [limit] = await checkStack(stack)
    assert.ok(BigInt(limit?.spent ?? '') <= 1000n)
  } finally {
    await stack.stop()
  }
})

test('who has no money left may still ask what is free', async () => {
  const more =
    'budgets:\n  - {name: team, limits: [{window: day, usd: "0.0009"}], on_exceeded: {reroute: gpt-4.1-nano}}'
  const stack = await startStack({ more })
  try {
    for (let call = 0; call < 40; call++) await spend(stack, wishes, { max_tokens: 100 })
    const [limit] = await checkStack(stack)
    assert.ok(BigInt(limit?.available ?? '') < 0n, 'overdrawn by what was rerouted')
    const url = `${stack.url}/v1/models`
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${stack.key}` } })).status, 200)
  } finally {
    await stack.stop()
  }
})
