import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import type { Access, IngestProgress } from '#console/route.ts'
import { encodeEntry } from '#core/ledger/codec.ts'
import { systemTimers } from '#edge/system.ts'
import { contentTypeOf } from '#gateway/metrics/exposition.ts'
import type { Timers } from '#ports.ts'
import type { Ingester } from '#store/ingest/ingester.ts'
import { settleEntries } from '#test/store/entries.ts'
import { type StoreFixture, storeFixture } from '#test/store/fixture.ts'
import { ListedJournal } from '#test/store/listed-journal.ts'
import { naiveSums } from '#test/store/naive-sums.ts'
import { caughtUp, madeConsole } from '#test/support/made-console.ts'

const nowMs = Date.UTC(2026, 5, 20, 12)
const clock = { wallMs: () => nowMs, monotonicMs: () => 0 }
const monthMs = Date.UTC(2026, 5, 1)
const entries = fc.sample(settleEntries(monthMs, nowMs), { numRuns: 120, seed: 5 })
const access: Access = async (secret) => {
  if (secret === 'admin') return { kind: 'admin' }
  return secret === 'team' ? { kind: 'key', keyId: 'key_1' } : null
}

let fixture: StoreFixture
let ingester: Ingester
let app: FastifyInstance
const journal = new ListedJournal()

before(async () => {
  fixture = await storeFixture(10_000)
  ingester = await fixture.ingester(journal.open)
  journal.append(entries.slice(0, 100).map(encodeEntry))
  ingester.start()
  await ingester.caughtUp()
  const ingest = {
    ...caughtUp,
    caughtUp: (agoMs?: number) => ingester.caughtUp(agoMs),
    state: () => ingester.state(),
  }
  app = madeConsole({ store: fixture.store, ingest, clock, access, onFault: () => undefined })
})
after(async () => {
  await app.close()
  await ingester.stop()
  await fixture.close()
})

async function get(url: string, secret = 'admin') {
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${secret}` } })
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() }
}

test('a fresh report counts what the journal holds when it is asked, exactly', async () => {
  journal.append(entries.slice(100).map(encodeEntry))
  const { status, body } = await get('/api/v1/reports/costs?group_by=department,model&fresh=true')
  assert.equal(status, 200)
  const expected = naiveSums(entries)
  assert.equal(body.total.cost_usd, expected.costUsd)
  assert.equal(body.total.requests, 120)
  assert.equal(body.total.errors, Number(expected.errors))
  assert.deepEqual(body.group_by, ['department', 'model'])
  assert.equal(body.currency, 'USD')
  assert.equal(body.from, '2026-06-01T00:00:00.000Z')
  const row = body.rows[0]
  assert.equal(typeof row.department, 'string')
  assert.deepEqual(Object.keys(row.latency_ms), ['mean', 'p50', 'p95', 'p99'])
})

test('groups keep the names they were asked under, and the types of their values', async () => {
  const { body } = await get('/api/v1/reports/costs?group_by=status,stream,tag:env,hour&limit=1&timezone=Europe/Berlin')
  const [row] = body.rows
  assert.equal(typeof row.status, 'number')
  assert.equal(typeof row.stream, 'boolean')
  assert.equal(typeof row['tag:env'], 'string')
  assert.match(row.hour, /^2026-06-\d\dT\d\d:00:00\+02:00$/)
  assert.equal(body.truncated, true)
})

test('days and hours are those of a fixed offset where one is asked for, also with its plus sign as it stands', async () => {
  for (const offset of ['%2B02:00', '+02:00']) {
    const { status, body } = await get(`/api/v1/reports/costs?group_by=hour,day&limit=1&timezone=${offset}`)
    assert.equal(status, 200)
    assert.equal(body.timezone, '+02:00')
    assert.equal(body.from, '2026-06-01T00:00:00.000+02:00')
    assert.match(body.rows[0].hour, /^2026-06-\d\dT\d\d:00:00\+02:00$/)
    assert.equal(body.rows[0].day, body.rows[0].hour.slice(0, 10))
  }
})

test('pages of usage hold every call once, newest first', async () => {
  const seen: string[] = []
  const times: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await get(`/api/v1/usage?fresh=true&limit=17${cursor === '' ? '' : `&cursor=${cursor}`}`)
    for (const record of body.data) {
      seen.push(record.call_id)
      times.push(record.timestamp)
    }
    cursor = body.next_cursor
  }
  assert.equal(new Set(seen).size, 120)
  assert.equal(seen.length, 120)
  assert.deepEqual(times, times.toSorted().reverse())
})

test('usage is filtered by plain fields and by filters with operators', async () => {
  const { body } = await get(
    '/api/v1/usage?fresh=true&limit=1000&department=sales&filter.status_code.gte=400&filter.outcome.not=served',
  )
  const expected = entries.filter(
    ({ call, statusCode, outcome }) => call.payer.department === 'sales' && statusCode >= 400 && outcome !== 'served',
  )
  assert.ok(expected.length > 0)
  assert.deepEqual(
    body.data.map((record: { call_id: string }) => record.call_id).sort(),
    expected.map(({ call }) => call.callId).sort(),
  )
})

const refusals: readonly [url: string, parameter: string, expected: RegExp][] = [
  ['/api/v1/reports/costs?group_by=departmnt', 'group_by', /perhaps department/],
  ['/api/v1/reports/costs?group_by=day,day', 'group_by', /every field once/],
  ['/api/v1/reports/costs?group_by=cost_usd', 'group_by', /a field of the record/],
  ['/api/v1/reports/costs?from=yesterday', 'from', /a date/],
  ['/api/v1/reports/costs?timezone=Mars', 'timezone', /IANA/],
  ['/api/v1/reports/costs?currency=EUR', 'currency', /one of USD/],
  ['/api/v1/reports/costs?filter.cost_usd.gte=much', 'filter.cost_usd.gte', /an amount/],
  ['/api/v1/reports/costs?filter.department.gt=a', 'filter.department.gt', /no order/],
  ['/api/v1/reports/costs?filter.nothing=1', 'filter.nothing', /a field of the record/],
  ['/api/v1/reports/costs?department=sales', 'department', /filter\.<field>/],
  ['/api/v1/usage?limit=0', 'limit', /from 1 to 1000/],
  ['/api/v1/usage?limit=5&limit=6', 'limit', /it once/],
  ['/api/v1/usage?cursor=abc', 'cursor', /a cursor/],
  ['/api/v1/usage?departmnt=sales', 'departmnt', /a field of the record/],
  ['/api/v1/usage?filter.cost_usd.get=1', 'filter.cost_usd.get', /a field of the record/],
  ['/api/v1/reports/costs?groupby=day', 'groupby', /group_by/],
  ['/api/v1/reports/costs?range=7d&from=2026-06-01', 'range', /not both/],
]
for (const [url, parameter, expected] of refusals) {
  test(`${url} is answered with what is wrong with ${parameter}`, async () => {
    const { status, type, body } = await get(url)
    assert.equal(status, 400)
    assert.match(String(type), /application\/problem\+json/)
    assert.equal(body.parameter, parameter)
    assert.match(body.expected, expected)
  })
}

test('nobody asks without a token; a virtual key asks only the two calls of its clients', async () => {
  for (const url of ['/api/v1/usage', '/api/v1/reports/costs', '/api/v1/ingest']) {
    assert.equal((await app.inject({ url })).statusCode, 401)
    assert.equal((await get(url, 'wrong')).status, 401)
    assert.equal((await get(url, 'team')).status, 403)
  }
  for (const url of ['/health', '/api/v1/openapi.json']) {
    assert.equal((await app.inject({ url })).statusCode, 200)
  }
})

test('every report waits for what ended a moment ago, and for no longer than its store takes records', async () => {
  const waited: (number | undefined)[] = []
  let fault: string | null = null
  const console = consoleWith({
    caughtUp: async (agoMs) => {
      waited.push(agoMs)
    },
    state: () => ({ rows: 0, quarantined: 0, fault }),
    lag: async () => ({ records: 0, ageMs: 0 }),
  })
  const askAll = async (query: string) => {
    for (const url of ['/api/v1/usage', '/api/v1/reports/costs', '/v1/dashboard/costs'])
      assert.equal((await console.inject({ url: url + query })).statusCode, 200)
    const logs = {
      method: 'POST',
      url: `/v1/logs/query${query}`,
      payload: { start_time: '2026-06-01T00:00:00' },
    } as const
    assert.equal((await console.inject(logs)).statusCode, 200)
  }
  await askAll('')
  assert.deepEqual(waited.splice(0), [300, 300, 300, 300])
  await askAll('?fresh=true')
  assert.deepEqual(waited.splice(0), [0, 0, 0, 0])
  assert.equal((await console.inject({ url: '/api/v1/ingest' })).statusCode, 200)
  fault = 'the disk is full'
  await askAll('')
  assert.deepEqual(waited, [])
})

test('a report that has waited for a second shows what there is', async () => {
  const console = consoleWith(
    {
      caughtUp: () => Promise.withResolvers<void>().promise,
      state: () => ({ rows: 0, quarantined: 0, fault: null }),
      lag: async () => ({ records: 0, ageMs: 0 }),
    },
    {
      after(delayMs, run) {
        assert.equal(delayMs, 1_000)
        setImmediate(run)
        return { cancel: () => undefined }
      },
    },
  )
  assert.equal((await console.inject({ url: '/api/v1/reports/costs?group_by=model' })).statusCode, 200)
})

function consoleWith(ingest: IngestProgress, timers: Timers = systemTimers): FastifyInstance {
  return madeConsole({ store: fixture.store, ingest, timers, clock, onFault: () => undefined })
}

test('what keeps records from coming in is told to who runs it', async () => {
  assert.equal((await get('/api/v1/ingest')).body.status, 'following')
  const fault = 'the disk is full'
  const stopped = consoleWith({
    caughtUp: () => Promise.resolve(),
    state: () => ({ rows: 7, quarantined: 2, fault }),
    lag: async () => ({ records: 3, ageMs: 1500 }),
  })
  const answer = await stopped.inject({ url: '/api/v1/ingest' })
  const lag = { lag_records: 3, lag_seconds: 1.5 }
  assert.deepEqual(answer.json(), { status: 'stopped', ...lag, rows: 7, quarantined: 2, fault })
})

test('a virtual key sees its own calls only', async () => {
  const own = entries.filter(({ call }) => call.keyId === 'key_1')
  const logs = await post('/v1/logs/query?fresh=true', { start_time: '2026-06-01T00:00:00', limit: 1000 }, 'team')
  assert.equal(logs.body.logs.length, own.length)
  const costs = (await get('/v1/dashboard/costs?range=30d', 'team')).body
  const total = costs.daily.reduce((sum: number, day: { total: number }) => sum + day.total, 0)
  assert.ok(Math.abs(total - Number(naiveSums(own).costUsd)) < 1)
  const shares = costs.by_model.reduce((sum: number, model: { share: number }) => sum + model.share, 0)
  assert.ok(Math.abs(shares - 1) < 1e-9)
})

test('logs hold what their clients read', async () => {
  const question = {
    start_time: '2026-06-01T00:00:00Z',
    end_time: '2026-07-01',
    include_tokens: true,
    include_cost: true,
  }
  const { body } = await post('/v1/logs/query', question)
  const [log] = body.logs
  assert.equal(typeof log.id, 'string')
  assert.equal(new Date(log.timestamp).toISOString(), log.timestamp)
  assert.equal(typeof log.model, 'string')
  assert.equal(typeof log.usage.input_tokens, 'number')
  assert.equal(typeof log.usage.output_tokens, 'number')
  assert.equal(typeof log.cost.total_usd, 'number')
  const bare = await post('/v1/logs/query', { ...question, include_tokens: false, include_cost: false })
  assert.equal(bare.body.logs[0].usage, undefined)
  assert.equal(bare.body.logs[0].cost, undefined)
})

test('what a client leaves open it may say as null', async () => {
  const left = { start_time: '2026-06-01', limit: 2 }
  const [open, said] = await Promise.all([
    post('/v1/logs/query', left),
    post('/v1/logs/query', { ...left, end_time: null, cursor: null }),
  ])
  assert.equal(said.status, 200)
  assert.deepEqual(said.body.logs, open.body.logs)
  assert.equal((await post('/v1/logs/query', { start_time: null })).status, 200)
})

const wrongBodies: readonly [body: unknown, parameter: string, message: RegExp][] = [
  [{ start_tme: '2026-06-01' }, 'start_tme', /expected only start_time, .*perhaps start_time/],
  [{ startTime: '2026-06-01', endTime: '2026-06-02' }, 'startTime, endTime', /expected only start_time, end_time/],
  [{ start_time: '2026-06-01', filter: { department: 'sales' } }, 'filter', /expected only start_time/],
  [{ include_cost: 'no' }, 'include_cost', /true or false/],
  [[], 'body', /a JSON object/],
  [null, 'body', /a JSON object/],
]
for (const [body, parameter, message] of wrongBodies) {
  test(`a question for logs of ${JSON.stringify(body)} is answered with what is wrong with ${parameter}`, async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/logs/query',
      headers: { authorization: 'Bearer admin', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.json().error.param, parameter)
    assert.match(answer.json().error.message, message)
  })
}

test('a parameter that the dashboard does not know is named, not left out', async () => {
  const { status, body } = await get('/v1/dashboard/costs?rang=7d')
  assert.equal(status, 400)
  assert.equal(body.error.param, 'rang')
  assert.match(body.error.message, /range/)
})

test('errors under /v1 have the shape of OpenAI', async () => {
  const wrong = await post('/v1/logs/query', { start_time: 'soon' })
  assert.equal(wrong.status, 400)
  assert.equal(wrong.body.error.param, 'start_time')
  const torn = await app.inject({
    method: 'POST',
    url: '/v1/logs/query',
    headers: { authorization: 'Bearer admin', 'content-type': 'application/json' },
    body: '{"start_time":',
  })
  assert.equal(torn.statusCode, 400)
  assert.equal(torn.json().error.code, 'invalid_json')
  assert.equal((await get('/v1/dashboard/costs', 'wrong')).body.error.type, 'authentication_error')
  assert.equal((await get('/v1/nothing')).body.error.code, 'not_found')
})

test('what is not here is not found, whatever is sent to it, in the shape of its API', async () => {
  const type = { 'content-type': 'application/json' }
  for (const url of ['/v1/threads', '/v1beta/cachedContents', '/api/v1/nothing']) {
    for (const body of ['', '{', '{}', 'x'.repeat(2_000_000)]) {
      const answer = await app.inject({ method: 'POST', url, headers: type, body })
      assert.equal(answer.statusCode, 404)
      if (url.startsWith('/v1/')) assert.equal(answer.json().error.code, 'not_found')
      else if (url.startsWith('/v1beta/')) assert.equal(answer.json().error.status, 'NOT_FOUND')
      else assert.equal(answer.json().code, 'not_found')
    }
    const form = await app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'multipart/form-data' },
      body: 'x',
    })
    assert.equal(form.statusCode, 404)
  }
})

test('what is not here is told in the shape of the SDK that asks', async () => {
  const ask = async (url: string, headers: Record<string, string>) =>
    (await app.inject({ method: 'POST', url, headers })).json().error
  assert.equal((await ask('/v1/skills', { 'anthropic-version': '2023-06-01' })).type, 'not_found_error')
  assert.equal((await ask('/v1/caches', { 'x-goog-api-key': 'k' })).status, 'NOT_FOUND')
  assert.equal((await ask('/upload/v1beta/files', { 'x-goog-api-key': 'k' })).status, 'NOT_FOUND')
  assert.equal((await ask('/v1/assistants', {})).type, 'invalid_request_error')
})

test('the description of the API names every call, and no reference in it leads nowhere', async () => {
  const { body } = await get('/api/v1/openapi.json')
  assert.equal(body.openapi, '3.1.0')
  for (const path of ['/api/v1/usage', '/api/v1/reports/costs', '/v1/dashboard/costs', '/v1/logs/query', '/ready']) {
    assert.ok(body.paths[path], path)
  }
  const { security, responses } = body.paths['/metrics'].get
  assert.deepEqual(security, [{}, { token: [] }])
  const forms = (['text', 'openmetrics'] as const).map((format) => contentTypeOf(format).split(';', 1)[0])
  assert.deepEqual(Object.keys(responses[200].content), forms)
  for (const [, reference = ''] of JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference.split('/').reduce((at, name) => at?.[name], body)
    assert.ok(found, reference)
  }
})

async function post(url: string, body: object, secret = 'admin') {
  const answer = await app.inject({ method: 'POST', url, headers: { authorization: `Bearer ${secret}` }, body })
  return { status: answer.statusCode, body: answer.json() }
}
