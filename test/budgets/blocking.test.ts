import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Stack, type StackOptions, startStack } from '#test/support/stack.ts'
import { billed, served, spend, spentOf } from './spending.ts'

/** 20 tokens in and 100 out of gpt-4.1. */
const wishes = 'input=20 tokens=100'
const onePicoUsd = 840_000_000n

async function withStack(
  more: string,
  run: (stack: Stack) => Promise<void>,
  options: StackOptions = {},
): Promise<void> {
  const stack = await startStack({ ...options, more })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

function budget(usd: string, rest = ''): string {
  return `budgets:\n  - {name: team, scope: {department: engineering}, limits: [{window: day, usd: "${usd}"}]${rest}}`
}

/** However slow the machine is: who waits longer than the setting says is refused although money is left. */
const patient = 'budgets_hold_wait_ms: 60000\n'

test('of 500 calls at once a budget for 37 serves 37, and no more is spent than it allows', async () => {
  // Half a call more than 37, so that the last one's upper bound fits as well.
  await withStack(patient + budget('0.0315'), async (stack) => {
    const said = await Promise.all(Array.from({ length: 500 }, () => spend(stack, wishes, { max_tokens: 100 })))
    assert.equal(served(said).length, 37)
    const ledger = await stack.ledger()
    assert.equal(spentOf(ledger), 37n * onePicoUsd)
    assert.equal(billed(stack), 37n * onePicoUsd)
    assert.equal(ledger.filter(({ errorCode }) => errorCode === 'budget_exceeded').length, 463)
    const refused = said.find(({ status }) => status === 402)
    assert.equal(refused?.headers['x-should-retry'], 'false')
    const { error } = JSON.parse(refused?.text ?? '')
    assert.equal(error.code, 'budget_exceeded')
    assert.match(error.message, /"team" for this day .*limit 0\.0315, spent 0\.03108, held .* It is reset at \d{4}-/)
  })
})

// Half a call more than ten: there is no room for twice the last one.
for (const [rule, calls] of [
  ['assume', 10],
  ['reserve', 9],
] as const) {
  const much = rule === 'assume' ? 'as much' : 'twice as much'
  test(`where providers state their costs, a budget that would ${rule} holds ${much} as the price list says`, async () => {
    await withStack(`cost_source: provider\n${budget('0.00882', `, unbounded: ${rule}`)}`, async (stack) => {
      const said = await Promise.all(Array.from({ length: 60 }, () => spend(stack, wishes, { max_tokens: 100 })))
      assert.equal(served(said).length, calls)
      assert.equal(spentOf(await stack.ledger()), BigInt(calls) * onePicoUsd)
    })
  })
}

test('of 500 streams at once the same budget serves no less, and ends what it cannot pay in order', async () => {
  await withStack(patient + budget('0.0315'), async (stack) => {
    const more = { stream: true, stream_options: { include_usage: true } }
    const flowing = `${wishes} speed=1 ttft=5 tps=1000`
    const said = await Promise.all(Array.from({ length: 500 }, () => spend(stack, flowing, more)))
    const good = served(said)
    // Nobody is refused before less is left than 128 tokens and the request, counted, may cost: 0.00116. That many calls
    // are no fewer than 37: 36 that are served whole leave 0.00126, and any that is ended short leaves more.
    assert.ok(good.length >= 37, `${good.length} served`)
    for (const { text } of good) assert.match(text, /data: \[DONE\]\n\n$/)
    const spent = spentOf(await stack.ledger())
    assert.ok(spent <= 31_500_000_000n, `${spent}`)
  })
})
