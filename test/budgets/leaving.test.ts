import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { callerSecret, type Stack, type StackOptions, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend } from './spending.ts'
import { budgetsAt, checkStack } from './state.ts'

const more = [
  'budgets:',
  '  - {name: all, limits: [{window: day, usd: "100"}, {window: hour, requests: 1000}, {concurrent: 50}]}',
  '  - {name: team, scope: {department: engineering}, limits: [{window: month, usd: "50"}, {window: day, tokens: 9000000}]}',
  'limits: {read_after_disconnect_ms: 200, read_after_disconnect_bytes: 20000}',
].join('\n')

const quick = `  - {name: openai, kind: openai, base_url: "\${SIMULATOR}", api_key: sk-x, retries: {max: 2, base_ms: 1}, timeout_ms: {connect: 500, first_byte: 200, idle: 200}}`

async function withStack(run: (stack: Stack) => Promise<void>, options: StackOptions = {}): Promise<void> {
  const stack = await startStack({ more, ...options })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

const concurrent = async (stack: Stack) =>
  (await budgetsAt(stack.dataDir)).limits.find(({ quantity }) => quantity === 'concurrent')?.held

/** Leaves as soon as the call holds its money, or so much of its answer has come. */
function leave(stack: Stack, wishes: string, { stream = false, afterChars = 0 } = {}): Promise<void> {
  return new Promise((resolve) => {
    const asked = request(`${stack.url}/v1/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json', 'x-simulate': wishes },
    })
    asked.on('error', () => {})
    asked.on('close', () => resolve())
    asked.on('response', (answer) => {
      let chars = 0
      answer.on('error', () => {})
      answer.on('data', (chunk: Buffer) => {
        chars += chunk.length
        if (chars > afterChars) asked.destroy()
      })
    })
    asked.end(JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }], stream }))
    if (afterChars > 0) return
    until('the call to hold', async () => (await concurrent(stack)) !== '0').then(
      () => asked.destroy(),
      () => asked.destroy(),
    )
  })
}

const departures: readonly (readonly [string, string, { stream?: boolean; afterChars?: number }])[] = [
  ['while a plain answer is made', 'input=20 tokens=5 speed=1 ttft=100', {}],
  ['while a plain answer is made that never comes', 'stall=before-headers', {}],
  ['before a stream begins', 'input=20 tokens=5 speed=1 ttft=100', { stream: true }],
  ['before a stream begins that never does', 'stall=before-headers', { stream: true }],
  ['in the middle of a stream', 'input=20 tokens=300 speed=1 ttft=5 tps=2000', { stream: true, afterChars: 2000 }],
  ['in the middle of a stream that stalls', 'input=20 tokens=300 stall=20', { stream: true, afterChars: 2000 }],
  ['in the middle of a stream that never ends', 'speed=1 ttft=5 tps=50 tokens=9999', { stream: true, afterChars: 900 }],
  ['while its call waits to be retried', 'status=500 retry-after=30', {}],
]

for (const [name, wishes, how] of departures) {
  test(`the holds of a caller who leaves end: ${name}`, async () => {
    await withStack(async (stack) => {
      await leave(stack, wishes, how)
      await until('the record', async () => (await stack.ledger()).length === 1)
      const limits = await checkStack(stack)
      assert.equal(limits.length, 5)
    })
  })
}

const failures: readonly (readonly [string, string, number, StackOptions])[] = [
  ['refuses', 'status=400', 400, {}],
  ['fails, and is asked again until it serves', 'input=20 tokens=9 status=500 times=2 key=a', 200, {}],
  ['fails every time', 'status=503', 503, {}],
  ['breaks the connection', 'reset=before-headers', 502, {}],
  ['is not there', '', 502, { upstream: 'http://127.0.0.1:9' }],
  ['never answers', 'stall=before-headers', 504, { providers: quick }],
  ['stops in the middle of its answer', 'tokens=50 stall=0', 504, { providers: quick }],
  ['answers with what is no JSON', 'malformed=0 tokens=10', 200, {}],
]

for (const [name, wishes, status, options] of failures) {
  test(`the holds of a call end whose provider ${name}`, async () => {
    await withStack(async (stack) => {
      const said = await spend(stack, wishes, { max_tokens: 100 })
      assert.equal(said.status, status, said.text)
      await checkStack(stack)
      const [entry, ...others] = await stack.ledger()
      assert.ok(entry !== undefined && others.length === 0)
    }, options)
  })
}

for (const wishes of [
  'reset=5 tokens=90',
  'end=5 tokens=90',
  'error=5 tokens=90',
  'stall=5 tokens=90',
  'half=5 tokens=90',
]) {
  test(`the holds of a stream end that breaks: ${wishes}`, async () => {
    await withStack(
      async (stack) => {
        await spend(stack, wishes, { stream: true }).catch(() => null)
        await until('the record', async () => (await stack.ledger()).length === 1)
        await checkStack(stack)
      },
      { providers: quick },
    )
  })
}

test('the holds of a stream that is paid for as it flows end when its caller leaves', async () => {
  const tight =
    'budgets:\n  - {name: team, limits: [{window: day, usd: "0.02"}]}\nlimits: {read_after_disconnect_ms: 200}'
  await withStack(
    async (stack) => {
      await leave(stack, 'input=20 speed=1 ttft=5 tps=300 tokens=9999', { stream: true, afterChars: 9000 })
      await until('the record', async () => (await stack.ledger()).length === 1)
      const [limit] = await checkStack(stack)
      assert.ok(BigInt(limit?.spent ?? '') > 0n && BigInt(limit?.available ?? '') >= 0n)
    },
    { more: tight },
  )
})

test('the holds of a call end that the gateway interrupts', async () => {
  await withStack(
    async (stack) => {
      const calls = ['stall=before-headers', 'speed=1 ttft=5 tps=50 tokens=9999'].map((wishes, index) =>
        spend(stack, wishes, { stream: index === 1 }).catch(() => null),
      )
      await until('both to hold', async () => (await concurrent(stack)) === '2')
      await stack.stopGateway()
      await Promise.all(calls)
      await stack.startGateway()
      await checkStack(stack)
      assert.deepEqual(
        (await stack.ledger()).map(({ outcome }) => outcome),
        ['interrupted', 'interrupted'],
      )
    },
    { more: `${more}\ndrain_ms: 100` },
  )
})
