import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { systemClock } from '#edge/system.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'
import { ask } from '#test/faults/asking.ts'
import { notHere } from '#test/support/debian.ts'
import { parseExposition, seriesKey } from '#test/support/exposition.ts'
import { Stack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'

const prometheus =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'

const more = `
metrics: {listen: "0.0.0.0:0"}
budgets:
  - {name: engineers, scope: {department: engineering}, limits: [{window: month, usd: 50}, {concurrent: 4}]}
  - {name: both, scope: {department: engineering, project: search}, limits: [{window: month, usd: 9}]}`

let stack: Stack
/** Bound to all addresses, so that a token is needed. */
let open = ''

before(async () => {
  stack = await Stack.start({ more })
  open = `http://127.0.0.1:${/metrics on 0\.0\.0\.0:(\d+)/.exec(stack.log)?.[1]}`
  await (await ask(stack).response).text()
  await (await ask(stack, { stream: true }).response).text()
})
after(() => stack.stop())

async function families(url: string, init: RequestInit = {}) {
  const answer = await fetch(`${url}/metrics`, init)
  const openMetrics = answer.headers.get('content-type')?.startsWith('application/openmetrics-text') === true
  return { answer, families: parseExposition(await answer.text(), openMetrics ? 'openmetrics' : 'text') }
}

async function sampleValue(key: string): Promise<number | undefined> {
  const found = await families(stack.url)
  const samples = [...found.families.values()].flatMap((family) => family.samples)
  return samples.find(({ name, labels }) => seriesKey(name, labels) === key)?.value
}

test('a person gets text, Prometheus gets OpenMetrics with the calls behind the buckets', async () => {
  const text = await families(stack.url)
  assert.equal(text.answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const rich = await families(stack.url, { headers: { accept: prometheus } })
  assert.equal(rich.answer.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  const ids = [...rich.families.values()]
    .flatMap(({ samples }) => samples.map(({ exemplar }) => exemplar?.labels['request_id']))
    .filter((id) => id !== undefined)
  const records = new Set((await stack.ledger()).map(({ call }) => call.requestId))
  assert.ok(ids.length > 0 && ids.every((id) => records.has(id)))
})

test('a head is answered with a head, other methods are told what is taken', async () => {
  const head = await fetch(`${stack.url}/metrics`, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(await head.text(), '')
  const post = await fetch(`${stack.url}/metrics`, { method: 'POST', body: 'x' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
})

test('who asks for gzip gets it', async () => {
  const headers = { 'accept-encoding': 'gzip' }
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const { request } = await import('node:http')
  request(`${stack.url}/metrics`, { headers }, (answer) => {
    const chunks: Buffer[] = []
    assert.equal(answer.headers['content-encoding'], 'gzip')
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () => resolve(Buffer.concat(chunks)))
  }).end()
  assert.ok(parseExposition(gunzipSync(await promise).toString('utf8'), 'text').has('tollgate_build_info'))
})

test('beyond loopback a token of role scraper is needed, or an admin token, and nothing else will do', async () => {
  const settings = await openSettings({ path: join(stack.dataDir, settingsFile), clock: systemClock })
  const made = await settings.createToken({ name: 'prometheus', role: 'scraper' })
  assert.ok(made.kind === 'created')
  const admin = await settings.rotateAdminToken()
  const status = async (authorization?: string): Promise<number> =>
    (await fetch(`${open}/metrics`, authorization === undefined ? {} : { headers: { authorization } })).status
  await until('the tokens to count', async () => ((await status(`Bearer ${made.secret}`)) === 200 ? true : null))
  assert.equal(await status(`bearer ${admin}`), 200)
  for (const wrong of [undefined, '', `Bearer ${stack.key}`, 'Bearer nobody', made.secret, `Basic ${made.secret}`])
    assert.equal(await status(wrong), 401, String(wrong))
  const refused = await fetch(`${open}/metrics`)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
  assert.equal(refused.headers.get('content-type'), 'application/problem+json')
  await settings.revokeToken('prometheus')
  await until('the token to end', async () => ((await status(`Bearer ${made.secret}`)) === 401 ? true : null))
  assert.equal(await status(`Bearer ${admin}`), 200)
  await settings.close()
})

test('a loopback address is open, but not to what a proxy on this machine passes on', async () => {
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
    const answer = await fetch(`${stack.url}/metrics`, { headers: { [name]: '127.0.0.1' } })
    assert.equal(answer.status, 401, name)
  }
  const pretended = await fetch(`${open}/metrics`, { headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1' } })
  assert.equal(pretended.status, 401)
})

test('the address of the metrics has nothing else, and follows a reload', async () => {
  assert.equal((await fetch(`${open}/v1/models`)).status, 404)
  await stack.reload({ more: `${more.replace('0.0.0.0:0', '127.0.0.1:0')}` })
  const again = `http://127.0.0.1:${/metrics on 127\.0\.0\.1:(\d+)/.exec(stack.log)?.[1]}`
  assert.equal((await fetch(`${again}/metrics`)).status, 200)
  await assert.rejects(fetch(`${open}/metrics`))
  await stack.reload({
    more: more.replace('{listen: "0.0.0.0:0"}', '{public: true, prefixes: [tollgate_, holysheep_]}'),
  })
  await assert.rejects(fetch(`${again}/metrics`))
  assert.equal((await fetch(`${stack.url}/metrics`, { headers: { via: '1.1 proxy' } })).status, 200)
  // A prefix that comes later has all that was counted before.
  const payer = { department: 'engineering', project: 'search', model: 'gpt-4.1-mini' }
  const count = (prefix: string) => sampleValue(seriesKey(`${prefix}request_latency_seconds_count`, payer))
  assert.deepEqual([await count('holysheep_'), await count('tollgate_')], [2, 2])
})

test('budgets are shown in their units, and the month of a department beside them', async () => {
  const limit = (budget: string, window: string, unit: string) =>
    sampleValue(seriesKey('tollgate_budget_limit', { budget, window, unit }))
  assert.equal(await limit('engineers', 'month', 'usd'), 50)
  assert.equal(await limit('engineers', 'none', 'concurrent'), 4)
  assert.equal(await limit('both', 'month', 'usd'), 9)
  // Of the budget of the department alone, not of the one that has its project too.
  assert.equal(await sampleValue('holysheep_monthly_budget_limit_usd{department="engineering"}'), 50)
  const spent = await sampleValue(
    seriesKey('tollgate_budget_spent', { budget: 'engineers', window: 'month', unit: 'usd' }),
  )
  const sum = (await stack.ledger()).reduce((picoUsd, { cost }) => picoUsd + cost.totalPicoUsd, 0n)
  assert.ok(sum > 0n)
  assert.equal(spent, Number(`${sum}e-12`))
  assert.equal(await sampleValue('tollgate_monthly_budget_used_usd{department="engineering"}'), spent)
})

test('the journal, the process and what runs here are shown', async () => {
  assert.ok(((await sampleValue('tollgate_journal_size_bytes{}')) ?? 0) > 0)
  assert.ok(((await sampleValue('tollgate_journal_written_bytes_total{}')) ?? 0) > 0)
  assert.ok(((await sampleValue('tollgate_journal_disk_free_bytes{}')) ?? 0) > 0)
  assert.ok(((await sampleValue('tollgate_journal_fsync_seconds_count{}')) ?? 0) > 0)
  assert.equal(await sampleValue('tollgate_journal_refusing{}'), 0)
  assert.equal(await sampleValue('tollgate_ready{}'), 1)
  assert.equal(await sampleValue('tollgate_journal_entries_total{kind="open"}'), 2)
  assert.ok(((await sampleValue('process_resident_memory_bytes{role="gateway"}')) ?? 0) > 0)
  assert.ok((await sampleValue('nodejs_eventloop_lag_seconds{role="gateway"}')) !== undefined)
})

async function withConsole(answer: RequestListener, work: () => Promise<void>): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(join(stack.dataDir, 'run', 'admin.sock'), resolve))
  try {
    await work()
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('what the console says is merged in; one that is away, broken or slow takes nothing away', async () => {
  const lag = {
    name: 'tollgate_ingest_lag_records',
    help: 'Behind.',
    type: 'gauge',
    values: [{ labels: {}, value: 7 }],
  }
  const memory = {
    ...{ name: 'process_resident_memory_bytes', help: 'Memory.', type: 'gauge' },
    values: [{ labels: { role: 'console' }, value: 5 }],
  }
  assert.equal(await sampleValue('tollgate_console_up{}'), 0)
  await withConsole(
    (_, response) => response.end(JSON.stringify([lag, memory])),
    async () => {
      assert.equal(await sampleValue('tollgate_console_up{}'), 1)
      assert.equal(await sampleValue('tollgate_ingest_lag_records{}'), 7)
      assert.equal(await sampleValue('process_resident_memory_bytes{role="console"}'), 5)
    },
  )
  await withConsole(
    (_, response) => setTimeout(() => response.end(JSON.stringify([lag])), 50),
    async () => {
      // Two scrapers at once, who read different formats: what the console says is for both.
      const scrapes = await Promise.all(
        [{}, { headers: { accept: prometheus } }].map((init) => families(stack.url, init)),
      )
      const shown = scrapes.map(({ families: found }) => found.get('tollgate_ingest_lag_records')?.samples[0]?.value)
      assert.deepEqual(shown, [7, 7])
    },
  )
  await withConsole(
    (_, response) => response.end('{"this": "is'),
    async () => assert.equal(await sampleValue('tollgate_console_up{}'), 0),
  )
  let asked = 0
  await withConsole(
    () => asked++,
    async () => {
      // All at once: they share one scrape, and so one question.
      const scrapes = await Promise.all(Array.from({ length: 20 }, () => families(stack.url)))
      for (const { families: found } of scrapes) {
        assert.equal(found.get('tollgate_console_up')?.samples[0]?.value, 0)
        assert.ok(found.has('ai_api_requests_total'))
      }
      assert.equal(asked, 1)
    },
  )
})

test('the rate limits that a provider tells are shown', async (t) => {
  const limited = createServer((request, response) => {
    request.resume()
    const headers = {
      ...{
        'content-type': 'application/json',
        'x-ratelimit-limit-requests': '500',
        'x-ratelimit-remaining-requests': '125',
      },
      ...{ 'x-ratelimit-limit-tokens': '1000', 'x-ratelimit-remaining-tokens': '900' },
    }
    response.writeHead(200, headers).end('{"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}')
  })
  await new Promise<void>((resolve) => limited.listen(0, '127.0.0.1', resolve))
  const address = limited.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const other = await Stack.start({ upstream: `http://127.0.0.1:${port}` })
  t.after(async () => {
    await other.stop()
    limited.close()
  })
  await (await ask(other).response).text()
  const found = (await families(other.url)).families
  const series = (name: string) =>
    Object.fromEntries((found.get(name)?.samples ?? []).map((sample) => [seriesKey('', sample.labels), sample.value]))
  assert.deepEqual(series('ai_api_rate_limit_remaining'), { '{model="gpt-4.1-mini",provider="openai"}': 125 })
  assert.deepEqual(series('tollgate_upstream_rate_limit_ratio'), {
    '{model="gpt-4.1-mini",resource="requests",upstream="openai"}': 0.25,
    '{model="gpt-4.1-mini",resource="tokens",upstream="openai"}': 0.9,
  })
})

/** What promtool finds odd about names that a contract, or prom-client, has fixed. */
const knownLint =
  /^(ai_api_cost_usd_cents counter metrics should have "_total" suffix|ai_api_request_duration_milliseconds use base unit "seconds" instead of "milliseconds")$/

test('promtool finds nothing to say, where there is one', async (t) => {
  const text = await (await fetch(`${stack.url}/metrics`)).text()
  const { error, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  if (error !== undefined) return notHere(t, 'there is no promtool on this machine: its check was not made')
  const findings = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !knownLint.test(line))
  assert.deepEqual(findings, [])
})
