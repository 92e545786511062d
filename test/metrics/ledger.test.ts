import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import { Tollgate, workplace } from '#test/serve/tollgate.ts'
import { parseExposition, seriesKey } from '#test/support/exposition.ts'
import { until } from '#test/support/until.ts'
import { type LedgerRecord, LedgerSums } from './ledger-sums.ts'

const adminToken = 'tga-of-the-test-0123456789abcdef'
const team = 'tg-team-0123456789abcdef'
const poor = 'tg-poor-0123456789abcdef'

const config = (simulator: string): string => `
drain_ms: 5000
journal: {min_free_bytes: 0}
limits: {read_after_disconnect_ms: 50}
metrics: {prefixes: [tollgate_, holysheep_]}
providers:
  - {name: patient, kind: openai, base_url: "${simulator}", api_key: sk, models: [gpt-4.1-nano]}
${['openai', 'anthropic', 'google']
  .map(
    (kind) =>
      `  - {name: ${kind}, kind: ${kind}, base_url: "${simulator}", api_key: sk, retries: {max: 2, base_ms: 1}, timeout_ms: {connect: 2000, first_byte: 300, idle: 300}}`,
  )
  .join('\n')}
  - {name: private, kind: openai-compatible, base_url: "${simulator}/v1", api_key: sk, models: ["simulated-*"]}
keys:
  - {name: team, key: ${team}}
  - {name: poor, key: ${poor}, attribution: {department: poor}, may_override: [project]}
budgets:
  - {name: poor-people, scope: {department: poor}, near_limit: refuse, limits: [{window: month, usd: 0.000001}]}
`

interface Call {
  readonly path?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** The caller leaves when the answer has begun. */
  readonly leaves?: true
  /** The answer is broken off before its end, as the gateway ends. */
  readonly breaks?: true
}

const messages = [{ role: 'user', content: 'How long is the bridge?' }]
const chat = (more: object = {}): object => ({ model: 'gpt-4.1-mini', messages, max_tokens: 50, ...more })
const faulty = (wishes: string): Readonly<Record<string, string>> => ({ 'x-simulate': wishes })

/** Goes on until somebody ends it. */
const hanging: Call = { body: chat({ model: 'gpt-4.1-nano', stream: true }), headers: faulty('stall=1'), breaks: true }

/** Of every kind that has a counter. */
const load: readonly Call[] = [
  {},
  { body: chat({ stream: true }) },
  { body: chat({ model: 'gpt-4.1' }), headers: { 'x-department': 'engineering', 'x-project': 'search' } },
  { body: chat({ model: 'gpt-4.1', stream: true }), headers: { 'x-department': 'sales "west"\\', 'x-project': 'crm' } },
  { path: '/v1/messages', body: chat({ model: 'claude-sonnet-4-5' }), headers: { 'x-department': 'engineering' } },
  { path: '/v1/messages', body: chat({ model: 'claude-sonnet-4-5', stream: true }), headers: faulty('cached=20') },
  {
    path: '/v1beta/models/gemini-2.5-flash:generateContent',
    body: { contents: [{ role: 'user', parts: [{ text: 'x' }] }] },
  },
  { path: '/v1/responses', body: { model: 'o4-mini', input: 'x' }, headers: faulty('reasoning=40') },
  { path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: ['a', 'b', 'c'] } },
  { path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: 'a' } },
  { body: chat({ model: 'simulated-unknown' }) },
  { headers: faulty('status=500 times=1') },
  { headers: faulty('status=429') },
  { headers: faulty('status=400') },
  { headers: faulty('status=401') },
  { headers: faulty('reset=before-headers times=1') },
  { headers: faulty('stall=before-headers') },
  { body: chat({ stream: true }), headers: faulty('stall=2') },
  { body: chat({ stream: true }), headers: faulty('reset=3') },
  { body: chat({ stream: true }), headers: faulty('error=2') },
  { body: chat({ stream: true }), headers: faulty('no-usage') },
  { ...hanging, leaves: true },
  { body: chat({ model: 'no-such-model' }) },
  { body: chat({ model: 5 }) },
  { headers: { authorization: `Bearer ${poor}`, 'x-project': 'garden' } },
  { headers: { authorization: 'Bearer nobody' } },
  {
    path: '/v1/billing/webhook',
    body: { vendor: 'elsewhere', cost_center: 'cc', amount_usd: '0.1234567', resource_id: 'r-1' },
  },
  {
    path: '/v1/billing/webhook',
    body: { vendor: 'elsewhere', cost_center: 'cc', amount_usd: '0.1234567', resource_id: 'r-1' },
  },
]

/** `begun` is told when the first bytes of the answer have come. */
async function run(address: string, call: Call, begun: () => void = () => {}): Promise<void> {
  const { path = '/v1/chat/completions', body = chat(), headers, leaves, breaks } = call
  const all = { authorization: `Bearer ${team}`, 'content-type': 'application/json', ...headers }
  try {
    const answer = await fetch(`${address}${path}`, { method: 'POST', headers: all, body: JSON.stringify(body) })
    for await (const _bytes of answer.body ?? []) {
      begun()
      if (leaves === true) break
    }
  } catch (error) {
    if (breaks !== true) throw error
  }
}

/** Resolves when the answer has begun: until then nobody knows whether the call is in the journal. */
async function underWay(address: string, call: Call): Promise<{ readonly end: Promise<void> }> {
  const begun = Promise.withResolvers<void>()
  const end = run(address, call, begun.resolve)
  await Promise.race([begun.promise, end])
  return { end }
}

async function ledger(address: string): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = []
  for (let cursor = ''; ; ) {
    const url = `${address}/api/v1/usage?fresh=true&limit=1000${cursor}`
    const answer = await fetch(url, { headers: { authorization: `Bearer ${adminToken}` } })
    assert.equal(answer.status, 200)
    const page = (await answer.json()) as { data: LedgerRecord[]; next_cursor: string | null }
    records.push(...page.data)
    if (page.next_cursor === null) return records
    cursor = `&cursor=${page.next_cursor}`
  }
}

/** All samples of the counters and of the counts of histograms, by their series. */
async function scrape(address: string): Promise<Map<string, { family: string; value: number }>> {
  const text = await (await fetch(`${address}/metrics`)).text()
  const samples = new Map<string, { family: string; value: number }>()
  for (const { samples: all } of parseExposition(text, 'text').values())
    for (const { name, labels, value } of all) samples.set(seriesKey(name, labels), { family: name, value })
  return samples
}

function assertEqualSums(samples: ReadonlyMap<string, { family: string; value: number }>, sums: LedgerSums): void {
  for (const key of sums.keys) assert.equal(samples.get(key)?.value, sums.valueOf(key), key)
  for (const [key, { family, value }] of samples)
    if (sums.families.has(family)) assert.equal(value, sums.valueOf(key), `${key} is in the metrics`)
}

async function idle(address: string): Promise<void> {
  await until('the end of all calls', async () => {
    const samples = await scrape(address)
    return samples.get('tollgate_calls_in_flight{}')?.value === 0 ? true : null
  })
}

function gatewayPid(tollgate: Tollgate): number {
  const parent = String(tollgate.process.pid)
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', parent], { encoding: 'utf8' })
  const line = lines.split('\n').find((text) => text.includes('run gateway'))
  return Number.parseInt(line ?? '', 10)
}

test('every counter is the sum of the ledger, label by label, before and after a restart', async (t) => {
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing: { speed: 0 } })
  t.after(() => simulator.close())
  const tollgate = new Tollgate(t, workplace(t, config(simulator.address)), ['serve'], {
    TOLLGATE_ADMIN_TOKEN: adminToken,
  })
  const address =
    /http:\/\/[^"\s]+/.exec(
      (await tollgate.says(/"address":"(http:[^"]+)","msg":"gateway is ready"/, 'stderr'))[0],
    )?.[0] ?? ''
  await tollgate.says(/console is ready/, 'stderr')

  for (let round = 0; round < 2; round++) await Promise.all(load.map((call) => run(address, call)))
  await idle(address)
  const first = await ledger(address)
  const before = await scrape(address)
  assert.deepEqual(new Set(first.map(({ outcome }) => outcome)), new Set(['served', 'failed', 'cancelled', 'refused']))
  assertEqualSums(before, new LedgerSums(first))
  assert.equal(before.get('tollgate_strangers_refused_total{code="invalid_api_key"}')?.value, 2)
  assert.equal(before.get('tollgate_upstream_attempts_total{upstream="patient"}')?.value, 2)
  assert.equal(before.get('tollgate_external_replays_total{}')?.value, 3)
  assert.equal(before.get('ai_api_batch_size_sum{model="text-embedding-3-small",provider="openai"}')?.value, 8)

  // Calls that hang while the gateway dies are booked by the one that follows it.
  const broken = await Promise.all([1, 2, 3].map(() => underWay(address, hanging)))
  process.kill(gatewayPid(tollgate), 'SIGKILL')
  await Promise.all(broken.map(({ end }) => end))
  const [, again = ''] = await tollgate.says(
    /gateway killed[\s\S]*"address":"(http:[^"]+)","msg":"gateway is ready"/,
    'stderr',
  )
  await Promise.all(load.slice(0, 6).map((call) => run(again, call)))
  await idle(again)
  const known = new Set(first.map(({ id }) => id))
  const later = (await ledger(again)).filter(({ id }) => !known.has(id))
  assert.equal(later.filter(({ outcome }) => outcome === 'interrupted').length, 3)
  assert.equal(later.length, 9)
  assertEqualSums(await scrape(again), new LedgerSums(later))
})
