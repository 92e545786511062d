import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { exportCommand } from '#cli/export.ts'
import { logsCommand } from '#cli/logs.ts'
import { reportCommand } from '#cli/report.ts'
import { systemClock } from '#edge/system.ts'
import type { CostsReport } from '#reports/costs.ts'
import { type StoreFixture, storeFixture } from '#test/store/fixture.ts'
import { madeConsole } from '#test/support/made-console.ts'
import { linkTo, runCommand } from './run-command.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** More than an answer of the API holds. */
const users = 100_150
const oldCalls = 40
let fixture: StoreFixture
let app: FastifyInstance

before(async () => {
  fixture = await storeFixture(90)
  await insert({ beginMs: systemClock.wallMs() - 10 * hourMs, calls: users, name: 'user' })
  await insert({ beginMs: systemClock.wallMs() - 200 * dayMs, calls: oldCalls, name: 'old' })
  app = madeConsole({ store: fixture.store })
})
after(async () => {
  await app.close()
  await fixture.close()
})

/** Each call costs as many millionths of a dollar as calls were before it. */
async function insert({ beginMs, calls, name }: { beginMs: number; calls: number; name: string }): Promise<void> {
  await fixture.database.command(
    `INSERT INTO tollgate.usage_intake (timestamp, call_id, user_id, department, cost_usd, latency_ms)
     SELECT fromUnixTimestamp64Milli(toInt64(${beginMs} + number), 'UTC'), concat({name:String}, toString(number)),
       concat({name:String}, '-', toString(number)), 'sales', toDecimal128(number, 12) / 1000000, 1
     FROM numbers(${calls})`,
    { name },
  )
}

const dollars = (calls: number) => (calls * (calls - 1)) / 2 / 1e6

async function report(t: TestContext, ...args: string[]) {
  return await runCommand(t, reportCommand(linkTo(app)), args)
}

function rowsOf(csv: string): Record<string, string>[] {
  const [header = '', ...lines] = csv.trimEnd().split('\r\n')
  const names = header.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])))
}

const costOf = (rows: readonly Record<string, unknown>[]) =>
  rows.reduce((sum, row) => sum + Math.round(Number(row['cost_usd']) * 1e6), 0) / 1e6

test('without --limit the CSV and the JSON of a report have every group, each once', async (t) => {
  const { stdout, stderr, code } = await report(t, '--by', 'user_id', '--range', '24h', '--csv')
  const rows = rowsOf(stdout)
  assert.equal(rows.length, users)
  assert.equal(new Set(rows.map((row) => row['user_id'])).size, users)
  assert.equal(costOf(rows), dollars(users))
  assert.deepEqual({ stderr, code }, { stderr: '', code: 0 })
  const json = await report(t, '--by', 'user_id', '--range', '24h', '--json')
  const whole = JSON.parse(json.stdout)
  assert.deepEqual([whole.rows.length, whole.truncated, json.stderr, json.code], [users, false, '', 0])
  assert.equal(costOf(whole.rows), Number(whole.total.cost_usd))
})

test('a CSV that --limit cuts says so beside it', async (t) => {
  const { stdout, stderr, code } = await report(t, '--by', 'user_id', '--range', '24h', '--limit', '7', '--csv')
  const rows = rowsOf(stdout)
  assert.deepEqual(
    rows.map((row) => row['user_id']),
    Array.from({ length: 7 }, (_, index) => `user-${users - 1 - index}`),
  )
  assert.match(stderr, /^tollgate: there are more groups than --limit: the rows leave them out\n$/)
  assert.equal(code, 0)
})

for (const format of ['--csv', '--json']) {
  test(`a report as ${format.slice(2)} that lacks calls whose records are gone says so and fails`, async (t) => {
    const { stderr, code } = await report(t, '--by', 'user_id', '--range', '300d', '--limit', '5', format)
    assert.match(stderr, /tollgate: single records before \S+Z are gone \(retention\.records_days\): calls before that/)
    assert.equal(code, 3)
  })
}

test('so does its table', async (t) => {
  const { stdout, code } = await report(t, '--by', 'user_id', '--range', '300d', '--limit', '5')
  assert.match(
    stdout,
    /\nSingle records before \S+Z are gone \(retention\.records_days\): calls before that are not in it\.\n/,
  )
  assert.equal(code, 3)
})

test('hourly sums in the place of records lack nothing, which the CSV says beside it', async (t) => {
  const { stdout, stderr, code } = await report(t, '--by', 'department', '--range', '300d', '--csv')
  const [row] = rowsOf(stdout)
  assert.equal(row?.['requests'], String(users + oldCalls))
  assert.equal(stderr, 'tollgate: single records that old are gone: whole hours were added up\n')
  assert.equal(code, 0)
})

test('a report without groups is one row of CSV: the total', async (t) => {
  const { stdout, stderr } = await report(t, '--by', '', '--range', '24h', '--csv')
  const rows = rowsOf(stdout)
  assert.equal(rows.length, 1)
  assert.equal(rows[0]?.['requests'], String(users))
  assert.equal(Number(rows[0]?.['cost_usd']), dollars(users))
  assert.equal(stderr, '')
})

async function logs(t: TestContext, ...args: string[]) {
  const sleep = () => Promise.reject(new Error('nothing is waited for'))
  return await runCommand(t, logsCommand(linkTo(app), sleep, systemClock.wallMs), args)
}

test('the CSV of calls has all of them without --limit, and says where older ones are gone', async (t) => {
  const mine = ['--filter', 'user_id!=user-0', '--filter', 'cost_usd<0.0025']
  const recent = await logs(t, '--since', '24h', '--csv', ...mine)
  assert.equal(rowsOf(recent.stdout).length, 2499)
  assert.deepEqual([recent.stderr, recent.code], ['', 0])
  const old = await logs(t, '--since', '300d', '--csv', ...mine)
  assert.match(old.stderr, /^tollgate: single records before \S+Z are gone/)
  assert.equal(old.code, 3)
  const newest = await logs(t, '--since', '300d', '--limit', '10', '--csv')
  assert.equal(rowsOf(newest.stdout).length, 10)
  assert.deepEqual([newest.stderr, newest.code], ['', 0])
})

async function exported(t: TestContext, ...args: string[]) {
  return await runCommand(t, exportCommand(linkTo(app), systemClock), args)
}

test('an export has every call of its range once, and says where older ones are gone', async (t) => {
  const one = await exported(t, '--range', '24h', '--json', '--filter', 'user_id=user-3000')
  const middle: string = JSON.parse(one.stdout).timestamp
  const dayAgo = new Date(systemClock.wallMs() - dayMs).toISOString()
  const few = ['--filter', 'cost_usd<0.0065']
  const earlier = await exported(t, '--from', dayAgo, '--to', middle, ...few)
  const later = await exported(t, 'csv', '--from', middle, ...few)
  const ids = [...rowsOf(earlier.stdout), ...rowsOf(later.stdout)].map((row) => row['call_id'])
  assert.deepEqual([ids.length, new Set(ids).size], [6500, 6500])
  assert.equal(rowsOf(earlier.stdout).length, 3000)
  assert.match(earlier.stdout, /^date,user_id,cost_center,model,input_tokens,output_tokens,cost_usd,request_id,/)
  assert.deepEqual([earlier.stderr, earlier.code], ['', 0])
  const old = await exported(t, '--range', '300d', '--json', '--filter', 'user_id=user-7')
  assert.equal(JSON.parse(old.stdout).cost_usd, '0.000007')
  assert.match(old.stderr, /^tollgate: single records before \S+Z are gone/)
  assert.equal(old.code, 3)
})

test('pages of single calls say before when records are gone, where the range begins before that', async () => {
  const iso = (ms: number) => new Date(ms).toISOString()
  const ask = async (days: number) => [
    (await app.inject({ url: `/api/v1/usage?range=${days}d&limit=1` })).json(),
    (
      await app.inject({
        method: 'POST',
        url: '/v1/logs/query',
        body: { start_time: iso(systemClock.wallMs() - days * dayMs), limit: 1 },
      })
    ).json(),
  ]
  for (const { incomplete_before } of await ask(89)) assert.equal(incomplete_before, null)
  for (const { incomplete_before } of await ask(300)) {
    const days = (systemClock.wallMs() - Date.parse(incomplete_before)) / dayMs
    assert.ok(days > 89.9 && days <= 90.1, `${days}`)
  }
})

test('groups come page by page in their order, and only with a cursor of the same question', async () => {
  const url = '/api/v1/reports/costs?group_by=user_id,day&range=24h&limit=40000&order=group'
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer: { json(): CostsReport } = await app.inject({
      url: `${url}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    })
    const page = answer.json()
    seen.push(...page.rows.map((row) => String(row['user_id'])))
    assert.equal(page.total.requests, users)
    assert.equal(page.truncated, page.next_cursor !== null)
    cursor = page.next_cursor
  }
  assert.equal(seen.length, users)
  assert.deepEqual(seen, seen.toSorted())
  assert.equal(new Set(seen).size, users)
  const other = Buffer.from('["a"]').toString('base64url')
  for (const wrong of [`${url}&cursor=abc`, `${url}&cursor=${other}`, `${url.replace('=group', '=cost')}&cursor=W10`]) {
    const answer = await app.inject({ url: wrong })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.json().parameter, 'cursor')
  }
})
