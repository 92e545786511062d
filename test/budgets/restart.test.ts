import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend } from './spending.ts'
import { budgetsAt, checkStack, limitOf, type Scopes } from './state.ts'

const day = '{window: day, usd: "100"}'
const all = `  - {name: all, limits: [${day}, {window: month, requests: 100000}, {window: week, tokens: 10000000}]}`
const nano = '  - {name: nano, scope: {model: "*-nano"}, limits: [{window: hour, usd: "5"}], timezone: Asia/Kathmandu}'
const budgets = (...lines: readonly string[]) => `budgets:\n${lines.join('\n')}`
const scopes: Scopes = { nano: ({ modelRouted }) => modelRouted === 'gpt-4.1-nano' }

async function withStack(run: (stack: Stack) => Promise<void>, more = budgets(all, nano)): Promise<void> {
  const stack = await startStack({ more })
  try {
    await run(stack)
  } finally {
    await stack.stop()
  }
}

/** Calls of all fates. */
async function load(stack: Stack): Promise<void> {
  const calls = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((tokens) => [
    spend(stack, `input=33 tokens=${tokens * 7}`),
    spend(stack, `input=7 tokens=${tokens}`, { model: 'gpt-4.1-nano', stream: true }),
    spend(stack, 'status=400', { model: 'gpt-4.1-nano' }),
    spend(stack, `input=21 tokens=${tokens * 11} cached=10`, { model: 'gpt-4.1-mini' }),
  ])
  await Promise.all(calls)
}

const amounts = async (stack: Stack) =>
  (await checkStack(stack, scopes)).map(({ budget, quantity, window, limit, spent }) => {
    return [budget, quantity, window, limit, spent].join(' ')
  })

test('what was spent is the same after a restart, and goes on from there', async () => {
  await withStack(async (stack) => {
    for (let run = 0; run < 3; run++) {
      await load(stack)
      const before = await amounts(stack)
      await stack.stopGateway()
      await stack.startGateway()
      assert.deepEqual(await amounts(stack), before)
    }
  })
})

const snapshot = (stack: Stack) => join(stack.dataDir, 'budgets', 'spent.json')

/** What may have become of the file in which the sums are kept. */
const mishaps: readonly (readonly [string, (text: string) => string | null])[] = [
  ['is gone', () => null],
  ['is empty', () => ''],
  ['is cut short', (text) => text.slice(0, text.length / 2)],
  ['is no JSON', () => 'budgets: none'],
  ['is null', () => 'null'],
  ['is of another version', (text) => text.replace('{"version":1', '{"version":2')],
  ['has a book of another version', (text) => text.replace('"book":{"version":1', '"book":{"version":7')],
  ['has no amounts', (text) => text.replaceAll(/"spent":"[^"]*"/g, '"spent":"many"')],
  ['ends within a block', (text) => text.replace(/"offset":\d+/, '"offset":11')],
  ['ends behind the segment', (text) => text.replace(/"offset":\d+/, '"offset":99999999')],
  ['ends before the journal', (text) => text.replace(/"offset":\d+/, '"offset":-5')],
  ['names a segment that is not there', (text) => text.replace(/"segment":"[^"]*"/, '"segment":"000000000000.tgj"')],
  ['names a path', (text) => text.replace(/"segment":"[^"]*"/, '"segment":"../../../etc/passwd"')],
  ['is of a later time', (text) => text.replace(/"blockNo":\d+/, '"blockNo":123456789')],
  ['has an odd block', (text) => text.replace(/"blockNo":\d+/, '"blockNo":1.5')],
]

test('whatever becomes of the file of sums, the sums are those of the ledger', async () => {
  await withStack(async (stack) => {
    await load(stack)
    const before = await amounts(stack)
    for (const [name, change] of mishaps) {
      await stack.stopGateway()
      const text = readFileSync(snapshot(stack), 'utf8')
      const changed = change(text)
      assert.notEqual(changed, text, name)
      if (changed === null) rmSync(snapshot(stack))
      else writeFileSync(snapshot(stack), changed)
      await stack.startGateway()
      assert.deepEqual(await amounts(stack), before, `the file ${name}`)
    }
  })
})

test('a file of sums that is older than the journal is caught up', async () => {
  await withStack(async (stack) => {
    await load(stack)
    await stack.stopGateway()
    const older = readFileSync(snapshot(stack))
    await stack.startGateway()
    await load(stack)
    const before = await amounts(stack)
    await stack.stopGateway()
    writeFileSync(snapshot(stack), older)
    await stack.startGateway()
    assert.deepEqual(await amounts(stack), before)
  })
})

test('a budget that is added counts what was used before', async () => {
  await withStack(async (stack) => {
    await load(stack)
    stack.reload({ more: budgets(all) })
    await limitOf(stack.dataDir, 'all')
    const [limit] = await checkStack(stack)
    assert.ok(BigInt(limit?.spent ?? '') > 0n)
    stack.reload({ more: budgets(all, nano) })
    assert.ok(BigInt((await limitOf(stack.dataDir, 'nano', { window: 'hour' })).spent) > 0n)
    await checkStack(stack, scopes)
  }, '')
})

test('a budget that is added while calls are under way counts each of them once', async () => {
  await withStack(async (stack) => {
    for (let round = 0; round < 6; round++) {
      const calls = Array.from({ length: 40 }, (_, index) =>
        spend(stack, `input=20 tokens=${index} speed=1 ttft=5 tps=${400 + index * 50}`, { stream: index % 2 === 0 }),
      )
      await until('some to be open', async () => (await stack.journal()).length > round * 80 + 20)
      stack.reload({ more: round % 2 === 0 ? budgets(all, nano) : budgets(nano) })
      await Promise.all(calls)
    }
    stack.reload({ more: budgets(nano, all) })
    await limitOf(stack.dataDir, 'all')
    await checkStack(stack, scopes)
  }, '')
})

test('a limit that is edited keeps what was spent, and holds from then on', async () => {
  await withStack(async (stack) => {
    await load(stack)
    const { spent } = await limitOf(stack.dataDir, 'all')
    stack.reload({ more: budgets('  - {name: all, limits: [{window: day, usd: "0.0000001"}]}') })
    await until('the new limit', async () => (await budgetsAt(stack.dataDir)).limits[0]?.limit === '100000')
    const lowered = await limitOf(stack.dataDir, 'all')
    assert.deepEqual([lowered.spent, lowered.state], [spent, 'exceeded'])
    assert.equal((await spend(stack, 'input=20', { max_tokens: 20 })).status, 402)
    stack.reload({ more: budgets('  - {name: all, limits: [{window: day, usd: "200"}]}') })
    await until('the raised limit', async () => (await limitOf(stack.dataDir, 'all')).limit === '200000000000000')
    assert.equal((await limitOf(stack.dataDir, 'all')).spent, spent)
    assert.equal((await spend(stack, 'input=20', { max_tokens: 20 })).status, 200)
    await checkStack(stack)
  })
})

test('a budget that is removed and comes back has spent what the ledger says', async () => {
  await withStack(async (stack) => {
    await load(stack)
    stack.reload({ more: budgets(nano) })
    await until('it to be gone', async () => (await budgetsAt(stack.dataDir)).limits.length === 1)
    await load(stack)
    stack.reload({ more: budgets(all, nano) })
    await limitOf(stack.dataDir, 'all')
    const before = await amounts(stack)
    await stack.stopGateway()
    await stack.startGateway()
    assert.deepEqual(await amounts(stack), before)
  })
})

test('a scope or a time zone that is edited makes it another sum', async () => {
  await withStack(async (stack) => {
    await load(stack)
    const berlin = `  - {name: all, limits: [${day}], timezone: Pacific/Kiritimati, scope: {model: "*-mini"}}`
    stack.reload({ more: budgets(berlin) })
    await until('the new scope', async () => (await budgetsAt(stack.dataDir)).limits.length === 1)
    await limitOf(stack.dataDir, 'all')
    await checkStack(stack, { all: ({ modelRouted }) => modelRouted === 'gpt-4.1-mini' })
  })
})

test('a budget that is added between two runs counts what was used before', async () => {
  const first = await startStack({ more: budgets(all) })
  try {
    await load(first)
    await first.stopGateway()
    const second = await startStack({ more: budgets(nano, all), dataDir: first.dataDir })
    try {
      await checkStack(second, scopes)
    } finally {
      await second.stopGateway()
      await second.simulator.close()
    }
  } finally {
    await first.stop()
  }
})
