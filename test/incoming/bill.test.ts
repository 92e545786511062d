import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatUsd } from '#core/money/usd-text.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { type Answered, duplicate, errorOf, post, processed, relaySource, send } from './sending.ts'

let stack: Stack
let sent = 0
const freeSecret = 'tg-free-5ecre7'

before(async () => {
  stack = await startStack({
    keys: [
      `  - {name: team, key: ${callerSecret}, attribution: {department: engineering, cost_center: cc_eng}}`,
      `  - {name: free, key: ${freeSecret}}`,
      '  - {name: narrow, key: tg-narrow, attribution: {department: sales}, may_override: [], models: ["gpt-4.1*"]}',
      '  - {name: pinned, key: tg-pinned, attribution: {cost_center: cc_search}, may_override: [user_id], models: ["gpt-4.1*"]}',
      '  - {name: asked, key: tg-asked, attribution: {cost_center: cc_sales}, models: ["gpt-4.1*"], may_bill: true}',
      '  - {name: calls, key: tg-calls, may_bill: false}',
      '  - {name: locked, key: tg-locked, may_override: []}',
    ].join('\n'),
    more: `${relaySource}\nbudgets:\n  - {name: all, limits: [{window: month, usd: "5000000"}], on_exceeded: block}`,
  })
})
after(() => stack.stop())

const bill = (rest: object = {}) => ({
  vendor: 'gpu-cloud',
  cost_center: 'cc_eng',
  amount_usd: 12.5,
  resource_id: `res_${++sent}`,
  timestamp: new Date(Date.now() - 60_000).toISOString(),
  ...rest,
})

function book(body: object | string, key = callerSecret, headers: Record<string, string> = {}): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return post(`${stack.url}/v1/billing/webhook`, text, { authorization: `Bearer ${key}`, ...headers })
}

async function entriesOf(resourceId: string) {
  return (await stack.ledger()).filter((entry) => entry.call.requestId === resourceId)
}

test('a bill becomes a record of its vendor, on the cost center and the payer of the key', async () => {
  const one = bill({ project: 'search' })
  assert.deepEqual(await book(one, callerSecret, { 'x-user-id': 'alice', 'x-project': 'below the bill' }), processed)
  const [entry, ...others] = await entriesOf(one.resource_id)
  assert.ok(entry !== undefined && others.length === 0)
  const { payer, upstream, vendor, keyId, startedAtMs } = entry.call
  assert.deepEqual(
    [payer.department, payer.costCenter, payer.project, payer.userId],
    ['engineering', 'cc_eng', 'search', 'alice'],
  )
  assert.deepEqual([upstream, vendor, keyId], ['gpu-cloud', 'gpu-cloud', 'cfg_team'])
  assert.equal(startedAtMs, Date.parse(one.timestamp))
  assert.deepEqual(
    [formatUsd(entry.cost.totalPicoUsd), entry.usageSource, entry.marks],
    ['12.500000000000', 'none', ['external']],
  )
})

test('a resource of a vendor is booked once, and another amount for it is a conflict', async () => {
  const one = bill()
  assert.deepEqual(await book(one), processed)
  assert.deepEqual(await book({ ...one, amount_usd: '12.50' }), duplicate)
  assert.deepEqual(errorOf(await book({ ...one, amount_usd: 12.51 })), [409, 'amount_differs', 'amount_usd'])
  assert.equal((await entriesOf(one.resource_id)).length, 1)
  assert.deepEqual(await book({ ...one, vendor: 'other-cloud' }), processed)
})

test('a hundred equal bills at a time are one record', async () => {
  const one = bill()
  const answers = await Promise.all(Array.from({ length: 100 }, () => book(one)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal((await entriesOf(one.resource_id)).length, 1)
})

test('a bill takes no id away from a source that signs', async () => {
  const one = bill({ vendor: 'relay', amount_usd: 0 })
  assert.deepEqual(await book(one), processed)
  assert.deepEqual(await send(stack.url, { id: one.resource_id, cost: { total_usd: 3 } }), processed)
})

test('only who has a key may book, and only where the key reaches', async () => {
  const one = bill({ cost_center: 'cc_sales' })
  assert.deepEqual(errorOf(await book(one, 'tg-nobody')), [401, 'invalid_api_key', null])
  assert.deepEqual(errorOf(await book(one)), [403, 'payer_not_allowed', 'cost_center'])
  assert.deepEqual(await entriesOf(one.resource_id), [])
  assert.deepEqual(await book(one, freeSecret), processed)
  assert.equal((await entriesOf(one.resource_id))[0]?.call.payer.costCenter, 'cc_sales')
})

test('a key for some models books no bills unless it may, and stops nobody with one', async () => {
  const huge = bill({ cost_center: 'cc_sales', amount_usd: 1_000_000_000 })
  for (const key of ['tg-narrow', 'tg-calls']) {
    assert.deepEqual(errorOf(await book(huge, key)), [403, 'billing_not_allowed', null])
  }
  assert.deepEqual(await entriesOf(huge.resource_id), [])
  const call = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] }
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' }
  assert.equal((await post(`${stack.url}/v1/chat/completions`, JSON.stringify(call), headers)).status, 200)
  const usual = bill({ cost_center: 'cc_sales' })
  assert.deepEqual(await book(usual, 'tg-asked'), processed)
  assert.equal((await entriesOf(usual.resource_id))[0]?.call.keyId, 'cfg_asked')
})

test('a key for some models bills the cost center that it pins, and no other', async () => {
  assert.deepEqual(await book(bill({ cost_center: 'cc_search' }), 'tg-pinned'), processed)
  const other = bill({ cost_center: 'cc_sales' })
  assert.deepEqual(errorOf(await book(other, 'tg-pinned')), [403, 'payer_not_allowed', 'cost_center'])
})

test('a key that leaves nothing to its callers books on what it says, and on nobody where it says nothing', async () => {
  const one = bill({ cost_center: 'cc_sales' })
  assert.deepEqual(errorOf(await book(one, 'tg-locked')), [403, 'payer_not_allowed', 'cost_center'])
  assert.deepEqual(errorOf(await book({ ...one, cost_center: 'cc_eng', project: 'x' }, 'tg-asked')), [
    403,
    'payer_not_allowed',
    'cost_center',
  ])
  assert.deepEqual(await entriesOf(one.resource_id), [])
})

test('a bill with a bad field is refused by its path', async () => {
  for (const [change, path] of [
    [{ vendor: '' }, 'vendor'],
    [{ resource_id: null }, 'resource_id'],
    [{ cost_center: undefined }, 'cost_center'],
    [{ amount_usd: undefined }, 'amount_usd'],
    [{ amount_usd: -3 }, 'amount_usd'],
    [{ timestamp: true }, 'timestamp'],
    [{ project: [] }, 'project'],
  ] as const) {
    assert.deepEqual(errorOf(await book(bill(change))), [400, 'invalid_request', path])
  }
  assert.equal((await book('[]')).status, 400)
  assert.deepEqual(errorOf(await book(bill({ note: 'x'.repeat(64_000) }))), [413, 'body_too_large', null])
})
