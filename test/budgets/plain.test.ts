import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds, only, team, wishes, withStack } from './near-limit.ts'
import { billed, post, type Said, spend, spentOf } from './spending.ts'
import { checkStack, type Scopes } from './state.ts'

for (const { path, body, limit, usd } of kinds) {
  const name = `${path} with ${limit.join('.')}`
  test(`${name}: else it is refused, and nobody pays`, async () => {
    await withStack(team(usd), async (stack) => {
      const { status, headers } = await post(stack, path, body, { 'x-simulate': 'input=20 tokens=5000' })
      assert.deepEqual([status, headers['x-should-retry'], headers['retry-after']], [402, 'false', undefined])
      const { outcome, errorCode, marks, cost } = await only(stack)
      assert.deepEqual([outcome, errorCode, cost.totalPicoUsd], ['refused', 'budget_exceeded', 0n])
      assert.deepEqual(marks, ['budget_exceeded:team:day'])
      assert.equal(stack.bill().length, 0)
      await checkStack(stack)
    })
  })
}

test('a budget that notifies never refuses', async () => {
  await withStack(team('0.000001', ', on_exceeded: notify'), async (stack) => {
    for (let call = 0; call < 5; call++) {
      const { status, headers } = await spend(stack, wishes)
      assert.equal(status, 200)
      assert.equal(headers['x-tollgate-rerouted'], undefined)
    }
    const [limit] = await checkStack(stack)
    assert.deepEqual([limit?.spent, limit?.state], [String(5n * 840_000_000n), 'exceeded'])
    assert.equal(spentOf(await stack.ledger()), billed(stack))
  })
})

const rerouted = ', on_exceeded: {reroute: gpt-4.1-nano}'

test('calls over the limit are served by the cheaper model, and it is told', async () => {
  await withStack(team('0.0017', rerouted), async (stack) => {
    const said: Said[] = []
    for (let call = 0; call < 4; call++) said.push(await spend(stack, wishes, { max_tokens: 100 }))
    assert.deepEqual(
      said.map(({ status, headers }) => [status, headers['x-tollgate-rerouted']]),
      [
        [200, undefined],
        [200, 'gpt-4.1 -> gpt-4.1-nano'],
        [200, 'gpt-4.1 -> gpt-4.1-nano'],
        [200, 'gpt-4.1 -> gpt-4.1-nano'],
      ],
    )
    const ledger = await stack.ledger()
    assert.deepEqual(
      ledger.map(({ call, marks }) => [call.modelRequested, call.modelRouted, ...marks]),
      [['gpt-4.1', 'gpt-4.1'], ...Array(3).fill(['gpt-4.1', 'gpt-4.1-nano', 'rerouted:team'])],
    )
    assert.match(said[3]?.text ?? '', /"model":"gpt-4\.1-nano/)
    assert.equal(spentOf(ledger), billed(stack))
    await checkStack(stack)
  })
})

test('a stream over the limit is rerouted as well', async () => {
  await withStack(team('0.0000001', rerouted), async (stack) => {
    const { status, headers, text } = await spend(stack, wishes, { stream: true })
    assert.deepEqual([status, headers['x-tollgate-rerouted']], [200, 'gpt-4.1 -> gpt-4.1-nano'])
    assert.match(text, /"model":"gpt-4\.1-nano.*\[DONE\]/s)
    await checkStack(stack)
  })
})

test('where the cheaper model has no such API, or is the same, the call is refused', async () => {
  for (const model of ['gemini-2.0-flash', 'gpt-4.1']) {
    await withStack(team('0.0001', `, on_exceeded: {reroute: ${model}}`), async (stack) => {
      const body = { model: 'gpt-4.1', input: 'What is it?' }
      assert.equal((await post(stack, '/v1/responses', body)).status, 402, model)
      assert.equal(stack.bill().length, 0)
      await checkStack(stack)
    })
  }
})

test('with unpriced: block nothing is rerouted to a model without a price', async () => {
  const more = `unpriced: block\n${team('0.0001', ', on_exceeded: {reroute: gpt-99-mini}')}`
  await withStack(more, async (stack) => {
    assert.equal((await spend(stack, wishes)).status, 402)
    assert.equal(stack.bill().length, 0)
    await checkStack(stack)
  })
})

test('what is rerouted past one budget is still refused by another', async () => {
  const other = '\n  - {name: all, limits: [{window: month, usd: "0.0001"}]}'
  await withStack(team('0.0002', rerouted) + other, async (stack) => {
    const { status, text } = await spend(stack, wishes)
    assert.equal(status, 402)
    assert.match(text, /\\"all\\" for this month/)
    await checkStack(stack)
  })
})

test('a short budget leaves nothing held in the others', async () => {
  const more = [
    'budgets:',
    '  - {name: all, limits: [{window: day, usd: "100"}, {window: month, usd: "1000"}, {window: hour, tokens: 10000000}]}',
    '  - {name: team, scope: {department: engineering}, limits: [{window: week, usd: "50"}, {concurrent: 100}]}',
    '  - {name: nano, scope: {model: "*-nano"}, limits: [{window: day, usd: "0.00001"}]}',
    '  - {name: few, scope: {model: "*-mini"}, limits: [{window: day, requests: 2}]}',
  ].join('\n')
  const scopes: Scopes = {
    nano: ({ modelRouted }) => modelRouted === 'gpt-4.1-nano',
    few: ({ modelRouted }) => modelRouted === 'gpt-4.1-mini',
  }
  await withStack(more, async (stack) => {
    const models = ['gpt-4.1', 'gpt-4.1-nano', 'gpt-4.1-mini']
    const calls = Array.from({ length: 60 }, (_, index) => spend(stack, wishes, { model: models[index % 3] }))
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    const count = (wanted: number) => statuses.filter((status) => status === wanted).length
    assert.deepEqual([count(200), count(402), count(429)], [22, 20, 18])
    const limits = await checkStack(stack, scopes)
    assert.equal(limits.length, 7)
    assert.equal(spentOf(await stack.ledger()), billed(stack))
  })
})
