import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomFrom } from '#simulator/random.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { billed, type Said, spend, spentOf } from './spending.ts'
import { checkStack, type Scopes } from './state.ts'

/** `SEED=… node --test test/budgets/chaos.test.ts` makes the same calls again. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

/** Of plain calls alone: none of them may be passed by anything. `mini` has what is streamed. */
const budgets = [
  'budgets_hold_wait_ms: 300',
  'budgets:',
  '  - {name: plain, scope: {model: gpt-4.1}, limits: [{window: day, usd: "0.05"}, {window: month, tokens: 40000}]}',
  '  - {name: short, scope: {model: [gpt-4.1, o4-mini]}, limits: [{window: week, usd: "0.1"}], near_limit: shrink}',
  '  - {name: thinking, scope: {model: o4-mini}, limits: [{window: day, usd: "0.06"}], near_limit: shrink}',
  '  - {name: mini, scope: {model: gpt-4.1-mini}, limits: [{window: day, usd: "0.004"}, {window: hour, requests: 150}]}',
  '  - {name: nano, scope: {model: gpt-4.1-nano}, limits: [{window: day, usd: "0.0004"}], on_exceeded: notify}',
  '  - {name: claude, scope: {model: claude-*}, limits: [{window: day, usd: "0.01"}], on_exceeded: {reroute: gpt-4.1-nano}}',
  '  - {name: ending, scope: {model: gpt-4o-mini}, limits: [{window: day, usd: "0.0006"}]}',
  '  - {name: all, limits: [{window: day, usd: "100"}, {concurrent: 40}]}',
]
const is =
  (...models: readonly string[]): Scopes[string] =>
  (call) =>
    models.includes(call.modelRouted)
const scopes: Scopes = {
  plain: is('gpt-4.1'),
  short: is('gpt-4.1', 'o4-mini'),
  thinking: is('o4-mini'),
  mini: is('gpt-4.1-mini'),
  nano: is('gpt-4.1-nano'),
  claude: is('claude-haiku-4-5'),
  ending: is('gpt-4o-mini'),
}

const models = ['gpt-4.1', 'gpt-4.1', 'o4-mini', 'gpt-4.1-mini', 'gpt-4.1-nano', 'claude-haiku-4-5'] as const
const troubles = [
  'status=500 times=1',
  'status=429 retry-after=0 times=1',
  'reset=before-headers',
  'status=400',
  'no-usage',
]

async function call(stack: Stack, random: () => number): Promise<Said | null> {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  const model = pick(models) ?? 'gpt-4.1'
  const stream = model === 'gpt-4.1-mini'
  const wishes = [
    `tokens=${Math.floor(random() * 900)} speed=1 ttft=${Math.floor(random() * 40)} tps=${stream ? 500 : 20_000}`,
    random() < 0.15 && !stream ? `${pick(troubles)} key=${random()}` : '',
  ]
  const limit = random() < 0.7 ? { max_tokens: 1 + Math.floor(random() * 800) } : {}
  const words = 'and then '.repeat(Math.floor(random() * 40))
  const messages = [{ role: 'user', content: `Tell me ${words}more` }]
  return spend(stack, wishes.join(' '), { model, stream, messages, ...limit }).catch(() => null)
}

test(`whatever is called at once, what blocks is never exceeded and all is booked (seed ${seed})`, async (t) => {
  const random = randomFrom(seed)
  const stack = await startStack({ more: budgets.join('\n') })
  try {
    // Whether others are ended is up to how they fall together: this one asks for three times what there is.
    await spend(stack, 'tokens=3000 speed=1 ttft=1 tps=5000', {
      ...{ model: 'gpt-4o-mini', stream: true },
      messages: [{ role: 'user', content: 'Tell me all' }],
    })
    for (let wave = 0; wave < 6; wave++) {
      await Promise.all(Array.from({ length: 60 }, () => call(stack, random)))
      for (const { budget, quantity, limit, spent } of await checkStack(stack, scopes)) {
        if (budget === 'nano' || budget === 'claude') continue
        // A stream is ended between two chunks: how much comes at once is the machine's to say.
        const slack = (budget === 'mini' || budget === 'ending') && quantity === 'usd' ? 1_000_000_000n : 0n
        assert.ok(BigInt(spent) <= BigInt(limit) + slack, `${budget} ${quantity}: ${spent} of ${limit}`)
      }
    }
    const ledger = await stack.ledger()
    const marks = new Set(ledger.flatMap(({ marks: all }) => all.map((mark) => mark.split(':')[0])))
    t.diagnostic(
      `${ledger.length} records, ${spentOf(ledger)} booked, ${billed(stack)} billed: ${[...marks].join(', ')}`,
    )
    for (const mark of ['output_shrunk', 'budget_exceeded', 'rerouted', 'budget_ended'])
      assert.ok(marks.has(mark), mark)
  } finally {
    await stack.stop()
  }
})
