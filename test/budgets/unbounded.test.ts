import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { httpAnswer, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack } from '#test/support/stack.ts'
import { messages, only, team, withStack } from './near-limit.ts'
import { post, type Said, spentOf } from './spending.ts'
import { checkStack } from './state.ts'

const ends: (() => Promise<void>)[] = []
const onEnd = (run: () => Promise<void>) => ends.push(run)
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Body = Readonly<Record<string, unknown>>

/** A call that nobody bounds, and what its caller can set. */
interface Kind {
  readonly path: string
  readonly body: Body
  readonly bounded: Body
  readonly remedy: string
}

const claudeSearch = { type: 'web_search_20250305', name: 'web_search' }
const kinds: readonly Kind[] = [
  {
    path: '/v1/messages',
    body: { model: 'claude-haiku-4-5', max_tokens: 100, messages, tools: [claudeSearch] },
    bounded: { tools: [{ ...claudeSearch, max_uses: 1 }] },
    remedy: '"max_uses"',
  },
  {
    path: '/v1/responses',
    body: { model: 'o4-mini', input: 'Hello', max_output_tokens: 100, tools: [{ type: 'web_search' }] },
    bounded: { max_tool_calls: 1 },
    remedy: '"max_tool_calls"',
  },
]

function ask(stack: Stack, path: string, body: Body, wishes = 'input=20 tokens=20 searches=1'): Promise<Said> {
  const headers = { 'x-simulate': wishes, 'x-api-key': callerSecret, 'anthropic-version': '2023-06-01' }
  return post(stack, path, body, headers)
}

function errorOf({ text }: Said): { readonly code: string; readonly message: string } {
  return JSON.parse(text).error
}

for (const { path, body, bounded, remedy } of kinds) {
  test(`${path}: far from the limit a call without a bound is made, near it refused until it has one`, async () => {
    await withStack(team('100'), async (stack) => {
      assert.equal((await ask(stack, path, body)).status, 200)
    })
    await withStack(team('2.2'), async (stack) => {
      const short = await ask(stack, path, body)
      assert.equal(short.status, 402)
      const { code, message } = errorOf(short)
      assert.equal(code, 'budget_exceeded')
      assert.match(message, /"team" for this day .*"web_search.*" as often as it sees fit/)
      assert.ok(message.endsWith(` With ${remedy} in the request it has a bound.`), message)
      assert.equal((await ask(stack, path, { ...body, ...bounded })).status, 200)
      await checkStack(stack)
    })
  })

  test(`${path}: a budget may take no call without a bound, however much is left`, async () => {
    await withStack(team('100000', ', unbounded: refuse'), async (stack) => {
      const turned = await ask(stack, path, body)
      assert.equal(turned.status, 400)
      const { code, message } = errorOf(turned)
      assert.equal(code, 'call_unbounded')
      assert.match(
        message,
        /^The budget "team" takes no call without a bound of its cost: the provider uses "web_search/,
      )
      assert.ok(message.endsWith(` With ${remedy} in the request it has a bound.`), message)
      const entry = await only(stack)
      assert.deepEqual([entry.outcome, entry.marks, entry.cost.totalPicoUsd], ['refused', ['call_unbounded:team'], 0n])
      assert.equal((await ask(stack, path, { ...body, ...bounded })).status, 200)
      await checkStack(stack)
    })
  })

  test(`${path}: what is five times the usual fits into a budget that reserves, and exceeds one that assumes`, async () => {
    const greedy = 'input=900000 tokens=20 searches=95'
    await withStack(team('0.6', ', unbounded: assume'), async (stack) => {
      assert.equal((await ask(stack, path, body, greedy)).status, 200)
      assert.ok(spentOf(await stack.ledger()) > 600_000_000_000n)
    })
    await withStack(team('6'), async (stack) => {
      const said = await Promise.all(Array.from({ length: 12 }, () => ask(stack, path, body, greedy)))
      const counts = [200, 402].map((wanted) => said.filter(({ status }) => status === wanted).length)
      assert.deepEqual(counts, [2, 10])
      const spent = spentOf(await stack.ledger())
      assert.ok(spent > 3_000_000_000_000n && spent <= 6_000_000_000_000n, `${spent}`)
      await checkStack(stack)
    })
  })
}

test('a budget that takes no call without a bound wants a limit of output for a model that nobody knows', async () => {
  const upstream = await startRawUpstream()
  onEnd(() => upstream.close())
  const providers = '  - {name: relay, kind: openai-compatible, base_url: "${SIMULATOR}", api_key: k, models: ["*"]}'
  const prices =
    'prices:\n  - {provider: relay, model: house-1, from: 2020-01-01, input_per_mtok: "1", output_per_mtok: "2"}'
  await withStack(
    `${team('100000', ', unbounded: refuse')}\n${prices}`,
    async (stack) => {
      const body = { model: 'house-1', messages }
      const turned = await ask(stack, '/v1/chat/completions', body)
      assert.equal(errorOf(turned).code, 'call_unbounded')
      assert.match(errorOf(turned).message, /"house-1" reads and writes at most\. With "max_tokens" in the request/)
      assert.equal((await ask(stack, '/v1/chat/completions', { ...body, max_tokens: 50 })).status, 200)
    },
    { providers, upstream: upstream.url },
  )
})

test('pictures, speech and sound have no bound, and are told so without advice', async () => {
  const asked: readonly (readonly [string, Body, RegExp])[] = [
    ['/v1/images/generations', { model: 'gpt-image-1', prompt: 'A cat' }, /how many tokens a picture will be\.$/],
    [
      '/v1/audio/speech',
      { model: 'gpt-4o-mini-tts', input: 'Hi', voice: 'ash' },
      /how many tokens a speech will be\.$/,
    ],
    [
      '/v1/chat/completions',
      { model: 'gpt-4o-search-preview', messages },
      /the model "gpt-4o-search-preview" searches as often as it sees fit\.$/,
    ],
  ]
  await withStack(team('100000', ', unbounded: refuse'), async (stack) => {
    for (const [path, body, why] of asked) assert.match(errorOf(await ask(stack, path, body)).message, why)
    assert.equal((await stack.ledger()).length, asked.length)
  })
})

const claude = { model: 'claude-haiku-4-5', max_tokens: 100, messages }
const gpt = { model: 'gpt-4.1', max_output_tokens: 100, max_tool_calls: 1 }
const toolsAlong = [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'image_generation' }] }]
const definition = { type: 'tool_definition', definition: claudeSearch }
/** Whatever else has the provider do more than the request says, and what is told of it. */
const openEnded: readonly (readonly [string, Body, RegExp])[] = [
  ['/v1/messages', { ...claude, thread: { type: 'continue', previous_message_id: 'msg_1' } }, /place of "thread" in/],
  ['/v1/messages', { ...claude, compaction: { type: 'summarize' } }, /With no "compaction" in/],
  [
    '/v1/messages',
    { ...claude, messages: [...messages, { role: 'system', content: [{ type: 'tool_addition', tool: definition }] }] },
    /With "max_uses" in/,
  ],
  ['/v1/responses', { ...gpt, input: 'Hi', multi_agent: { enabled: true } }, /With no "multi_agent" in/],
  ['/v1/responses', { ...gpt, prompt: { id: 'pmpt_1' } }, /place of "prompt" in/],
  ['/v1/responses', { ...gpt, input: toolsAlong }, /"image_generation" is billed by a model of its own\.$/],
  [
    '/v1beta/models/gemini-2.5-flash:generateContent',
    { contents: [], cachedContent: 'cachedContents/1' },
    /place of "cachedContent" in/,
  ],
]

test('what a call leaves open beside its tools keeps it out of a budget that takes no such call', async () => {
  await withStack(team('100000', ', unbounded: refuse'), async (stack) => {
    for (const [path, body, why] of openEnded) {
      const { code, message } = errorOf(await ask(stack, path, body))
      // Google has names of its own for its errors.
      assert.ok(path.startsWith('/v1beta') || code === 'call_unbounded', `${path} ${code}`)
      assert.match(message, why)
    }
    const bill = stack.bill()
    assert.deepEqual([(await stack.ledger()).length, bill.length], [openEnded.length, 0])
  })
})

test('a thread goes on only where a budget has what the whole context of its model may cost', async () => {
  const [, body] = openEnded[0] ?? assert.fail()
  for (const rest of ['', ', unbounded: assume', ', near_limit: shrink']) {
    await withStack(team('1.0', rest), async (stack) => {
      assert.equal((await ask(stack, '/v1/messages', { ...claude, thread: { type: 'create' } })).status, 200)
      assert.equal((await ask(stack, '/v1/messages', body)).status, 402)
      await checkStack(stack)
    })
  }
})

test('what a provider states of a model that no list has is refused near the limit as well', async () => {
  const upstream = await startRawUpstream()
  onEnd(() => upstream.close())
  const usage = { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18, cost: 0.3 }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  upstream.answers(httpAnswer(JSON.stringify({ id: 'x', object: 'chat.completion', model: 'house-1', choices, usage })))
  const providers = '  - {name: relay, kind: openai-compatible, base_url: "${SIMULATOR}", api_key: k, models: ["*"]}'
  await withStack(
    `${team('1')}\ncost_source: provider`,
    async (stack) => {
      const body = { model: 'house-1', messages, max_tokens: 2000 }
      const statuses: number[] = []
      for (let call = 0; call < 4; call += 1) statuses.push((await ask(stack, '/v1/chat/completions', body)).status)
      // (2,000 tokens of output at 75 USD a million and the input) twice are 0.33.
      assert.deepEqual(statuses, [200, 200, 200, 402])
      assert.equal(spentOf(await stack.ledger()), 900_000_000_000n)
      const { message } = errorOf(await ask(stack, '/v1/chat/completions', body))
      assert.match(message, /what the provider will state as its cost is booked/)
    },
    { providers, upstream: upstream.url },
  )
})

test('a limit of tokens has calls without a bound refused near it too, and says why', async () => {
  const [, kind] = kinds
  assert.ok(kind !== undefined)
  const more = 'budgets:\n  - {name: few, limits: [{window: day, tokens: 900000}]}'
  await withStack(more, async (stack) => {
    const turned = await ask(stack, kind.path, kind.body)
    assert.equal(turned.status, 429)
    assert.match(errorOf(turned).message, /900000 tokens per day of "few" .*the provider uses "web_search" as often/)
    assert.equal((await ask(stack, kind.path, { ...kind.body, ...kind.bounded })).status, 200)
    await checkStack(stack)
  })
})

test('sound is reserved for by its size: a second for each 400 bytes', async () => {
  // 600,000 bytes are 1,500 seconds at 0.006 USD a minute.
  const form = () => {
    const data = new FormData()
    data.set('model', 'whisper-1')
    data.set('file', new Blob([new Uint8Array(600_000)]), 'a.mp3')
    return data
  }
  const headers = { authorization: `Bearer ${callerSecret}` }
  for (const [usd, status] of [
    ['0.16', 200],
    ['0.14', 402],
  ] as const) {
    await withStack(team(usd), async (stack) => {
      const url = `${stack.url}/v1/audio/transcriptions`
      const answer = await fetch(url, { method: 'POST', headers, body: form() })
      assert.equal(answer.status, status, await answer.text())
    })
  }
})

test('the strictest of the budgets about a call decides, whichever it is', async () => {
  const [, kind] = kinds
  assert.ok(kind !== undefined)
  const more = `${team('100', ', unbounded: assume')}
  - {name: exact, scope: {model: "o4-*"}, limits: [{window: month, usd: "100"}], unbounded: refuse}
  - {name: calls, limits: [{window: month, requests: 1000}], unbounded: refuse}`
  await withStack(more, async (stack) => {
    assert.match(errorOf(await ask(stack, kind.path, kind.body)).message, /^The budget "exact" takes no call/)
    assert.equal((await ask(stack, kind.path, { ...kind.body, model: 'gpt-4.1' })).status, 200)
  })
})
