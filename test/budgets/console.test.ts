import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { budgetBoard } from '#compose/console/budget-board.ts'
import type { Access } from '#console/route.ts'
import { madeConsole } from '#test/support/made-console.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { spend } from './spending.ts'

const team = `
  - name: team
    scope: {department: engineering, model: ["gpt-4.1*"]}
    timezone: Europe/Berlin
    limits: [{window: day, usd: "0.001"}, {window: hour, tokens: 1000}, {concurrent: 4}]
    thresholds: [50, 80, 100]
    near_limit: shrink`
const others = `
  - {name: all, limits: [{window: month, usd: "5000"}], on_exceeded: notify}
  - {name: cheap, scope: {key: team, tags: {stage: [staging, test]}}, limits: [{window: week, usd: "1"}], on_exceeded: {reroute: gpt-4.1-mini}}`
const access: Access = async (secret) => {
  if (secret === 'admin') return { kind: 'admin' }
  return secret === 'team' ? { kind: 'key', keyId: 'key_1' } : null
}

let stack: Stack
let app: FastifyInstance
let configured = `budgets:${others}`

before(async () => {
  stack = await startStack({ more: configured })
  app = madeConsole({
    budgets: budgetBoard(() => stack.config({ more: configured })),
    access,
    onFault: () => undefined,
  })
})
after(async () => {
  await app.close()
  await stack.stop()
})

async function get(url: string, secret = 'admin') {
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${secret}` } })
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() }
}

test('a budget is shown as it is configured, with exact amounts of what calls have cost', async () => {
  // 20 tokens in and 100 out of gpt-4.1.
  assert.equal((await spend(stack, 'input=20 tokens=100', { max_tokens: 100 })).status, 200)
  const { status, body } = await get('/api/v1/budgets')
  assert.equal(status, 200)
  assert.deepEqual(
    body.data.map((budget: { name: string }) => budget.name),
    ['all', 'cheap'],
  )
  const [all, cheap] = body.data
  const [{ window_start: start, window_end: end, forecast, ...month }] = all.limits
  assert.deepEqual(month, {
    quantity: 'usd',
    window: 'month',
    currency: 'USD',
    limit: '5000.000000000000',
    spent: '0.000840000000',
    held: '0.000000000000',
    available: '4999.999160000000',
    percent_used: 0,
    status: 'ok',
  })
  assert.match(start, /^\d{4}-\d\d-01T00:00:00\.000Z$/)
  assert.match(end, /^\d{4}-\d\d-01T00:00:00\.000Z$/)
  assert.ok(forecast === null || /^\d+\.\d{12}$/.test(forecast), forecast)
  assert.deepEqual([all.scope, all.on_exceeded, all.near_limit, all.pending], [{}, 'notify', 'refuse', false])
  assert.deepEqual([all.unbounded, cheap.unbounded], ['assume', 'assume'])
  assert.deepEqual(cheap.scope, { tags: { stage: ['staging', 'test'] }, key: ['team'] })
  assert.deepEqual(cheap.on_exceeded, { reroute: 'gpt-4.1-mini' })
  assert.equal(cheap.limits[0].spent, '0.000000000000')
})

test('a budget that the gateway does not know yet has nothing spent that is known', async () => {
  configured = `budgets:${team}${others}`
  const { body } = await get('/api/v1/budgets/team')
  assert.deepEqual([body.pending, body.status], [true, null])
  assert.equal(body.limits[0].limit, '0.001000000000')
  for (const limit of body.limits) assert.deepEqual([limit.spent, limit.held, limit.available], [null, null, null])
})

test('once it does, the status has the worst of its limits, with counts as numbers', async () => {
  stack.reload({ more: configured })
  // It is added up from the journal meanwhile: a call that is about it is told to come again.
  let body = { pending: true, status: '', limits: [{}] }
  while (body.pending) body = (await get('/api/v1/budgets/team/status')).body
  assert.deepEqual(Object.keys(body), ['name', 'pending', 'pending_reason', 'status', 'limits'])
  assert.equal(body.status, 'critical')
  const shown = body.limits.map((limit) => Object.values(limit).slice(0, 8))
  assert.deepEqual(shown, [
    ['usd', 'day', 'USD', '0.001000000000', '0.000840000000', '0.000000000000', '0.000160000000', 84],
    ['tokens', 'hour', null, 1000, 120, 0, 880, 12],
    ['concurrent', null, null, 4, 0, 0, 4, 0],
  ])
  const budget = (await get('/api/v1/budgets/team')).body
  assert.deepEqual(budget.scope, { department: ['engineering'], model: ['gpt-4.1*'] })
  assert.deepEqual([budget.timezone, budget.thresholds, budget.near_limit], ['Europe/Berlin', [50, 80, 100], 'shrink'])
  assert.equal(budget.unbounded, 'reserve')
})

test('a budget that is not there is answered with one that is nearly called so', async () => {
  for (const url of ['/api/v1/budgets/tem', '/api/v1/budgets/tem/status']) {
    const { status, body } = await get(url)
    assert.equal(status, 404)
    assert.match(body.detail, /no budget tem\. Perhaps team\?/)
  }
})

test('only the admin token sees budgets', async () => {
  for (const url of ['/api/v1/budgets', '/api/v1/budgets/team', '/api/v1/budgets/team/status']) {
    assert.equal((await app.inject({ url })).statusCode, 401)
    assert.equal((await get(url, 'team')).status, 403)
  }
})

test('what would change a budget is answered with where to change it', async () => {
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE'] as const) {
    for (const url of ['/api/v1/budgets', '/api/v1/budgets/team']) {
      for (const body of ['', '{', '{"name":"other"}']) {
        const headers = { authorization: 'Bearer admin', 'content-type': 'application/json' }
        const answer = await app.inject({ method, url, headers, body })
        assert.equal(answer.statusCode, 405)
        assert.equal(answer.headers.allow, 'GET, HEAD')
        assert.match(answer.json().detail, /configuration file/)
      }
    }
  }
  assert.equal((await get('/api/v1/budgets/team/limits')).status, 404)
})

test('the description of the API has budgets and their names', async () => {
  const { body } = await get('/api/v1/openapi.json')
  const { parameters, description } = body.paths['/api/v1/budgets/{name}/status'].get
  assert.deepEqual(parameters, [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }])
  assert.match(description, /configuration file/)
})

test('without a gateway nobody knows what is spent, and the answer says so', async () => {
  await stack.stopGateway()
  const { status, type, body } = await get('/api/v1/budgets')
  assert.equal(status, 503)
  assert.match(String(type), /problem\+json/)
  assert.equal(body.code, 'gateway_unreachable')
  assert.match(body.detail, /gateway does not answer/)
})
