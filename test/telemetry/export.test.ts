import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import OpenAI from 'openai'
import { Registry } from 'prom-client'
import { TelemetrySide } from '#compose/console/telemetry.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatPico } from '#core/money/usd-text.ts'
import { createLog } from '#lib/log.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { Collector } from './collector.ts'
import type { ReceivedSpan } from './otlp-messages.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerSpan = '00f067aa0ba902b7'
const headersSecret = 'collector-5ecre7'

let collector: Collector
let stack: Stack
let side: TelemetrySide
let registry: Registry
let logged = ''

before(async () => {
  collector = await Collector.start()
  const otlp = `otlp: {endpoint: "${collector.url}/", headers: {x-token: ${headersSecret}}}`
  const more = `telemetry: {${otlp}, traces: {sample_ratio: 1}, metrics: {interval_ms: 100}, resource: {team: llm}}`
  const keys = `  - {name: team, key: ${callerSecret}, attribution: {department: engineering, project: search, cost_center: cc1, tags: {env: test}}}`
  stack = await startStack({ more, keys })
  registry = new Registry()
  side = await TelemetrySide.start(stack.config(), { instanceId: 'instance-1', registry, log: keptLog() })
})
after(async () => {
  await side.close()
  await stack.stop()
  await collector.down()
})

function keptLog() {
  const write = (line: string) => {
    logged += line
  }
  return createLog({ level: 'trace', format: 'json', name: 'console' }, { write })
}

const openai = () => new OpenAI({ apiKey: callerSecret, baseURL: `${stack.url}/v1`, maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'The quick brown fox' }]
const chat = { model: 'gpt-4.1', messages }

/** The span of the call whose record is the latest one. */
async function latest(): Promise<{ span: ReceivedSpan; entry: SettleEntry }> {
  const entry = (await stack.ledger()).at(-1)
  assert.ok(entry !== undefined)
  const span = await until('the span', () => spansOf(entry)[0] ?? null)
  return { span, entry }
}

function spansOf({ call }: SettleEntry): ReceivedSpan[] {
  return collector.spans.filter(({ attributes }) => attributes['tollgate.call_id'] === call.callId)
}

test('a call is a span with the attributes of the conventions and its attribution', async () => {
  await openai().chat.completions.create(chat, {
    headers: { traceparent: `00-${traceId}-${callerSpan}-01`, 'x-simulate': 'input=100 cached=40 tokens=20' },
  })
  const { span, entry } = await latest()
  assert.equal(span.name, 'chat gpt-4.1')
  assert.equal(span.kind, 3)
  assert.equal(span.traceId, traceId)
  assert.equal(span.parentSpanId, callerSpan)
  // The parent is remote: https://github.com/open-telemetry/opentelemetry-proto, SpanFlags.
  assert.equal(span.flags, 0x301)
  assert.equal(span.startNano, BigInt(entry.call.startedAtMs) * 1_000_000n)
  assert.equal(Number(span.endNano - span.startNano), Math.round(entry.latencyMs * 1000) * 1000)
  assert.deepEqual(span.status, { code: 0, message: '' })
  const { port } = new URL(stack.simulator.address)
  assert.deepEqual(span.attributes, {
    [conventions.ATTR_GEN_AI_OPERATION_NAME]: conventions.GEN_AI_OPERATION_NAME_VALUE_CHAT,
    [conventions.ATTR_GEN_AI_PROVIDER_NAME]: conventions.GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
    [conventions.ATTR_GEN_AI_REQUEST_MODEL]: 'gpt-4.1',
    [conventions.ATTR_GEN_AI_RESPONSE_MODEL]: entry.modelServed,
    [conventions.ATTR_SERVER_ADDRESS]: '127.0.0.1',
    [conventions.ATTR_SERVER_PORT]: Number(port),
    [conventions.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
    [conventions.ATTR_GEN_AI_USAGE_INPUT_TOKENS]: entry.tokens.input,
    [conventions.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: entry.tokens.output,
    [conventions.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: 40,
    'tollgate.department': 'engineering',
    'tollgate.project': 'search',
    'tollgate.cost_center': 'cc1',
    'tollgate.tag.env': 'test',
    'tollgate.api_key_id': entry.call.keyId,
    'tollgate.call_id': entry.call.callId,
    'tollgate.request_id': entry.call.requestId,
    'tollgate.endpoint': 'chat.completions',
    'tollgate.outcome': 'served',
    'tollgate.upstream': 'openai',
    'tollgate.model_requested': 'gpt-4.1',
    'tollgate.cost.usd': formatPico(entry.cost.totalPicoUsd),
    'tollgate.price_version': entry.cost.priceVersion,
    'tollgate.usage_source': 'provider',
    'tollgate.overhead_ms': entry.overheadMs,
    'tollgate.retries': 0,
  })
  assert.deepEqual(
    span.events.map(({ name, attributes }) => [name, attributes['tollgate.attempt.number']]),
    [['tollgate.attempt', 1]],
  )
  const { 'host.name': host, 'service.version': version, ...resource } = span.resource
  assert.ok(host !== undefined && version !== undefined)
  assert.deepEqual(resource, { 'service.name': 'tollgate', 'service.instance.id': 'instance-1', team: 'llm' })
})

test('a stream says so, and when its first piece came', async () => {
  const client = new Anthropic({ apiKey: callerSecret, baseURL: stack.url, maxRetries: 0 })
  const stream = client.messages.stream({ model: 'claude-sonnet-4-5', max_tokens: 50, messages })
  await stream.finalMessage()
  const { span, entry } = await latest()
  assert.equal(span.name, 'chat claude-sonnet-4-5')
  assert.equal(span.parentSpanId, '')
  assert.equal(span.attributes[conventions.ATTR_GEN_AI_PROVIDER_NAME], conventions.GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC)
  assert.equal(span.attributes[conventions.ATTR_GEN_AI_REQUEST_STREAM], true)
  assert.equal(
    span.attributes[conventions.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK],
    (entry.timeToFirstTokenMs ?? 0) / 1000,
  )
})

test('every attempt is an event of the one span', async () => {
  await openai().chat.completions.create(chat, { headers: { 'x-simulate': 'status=503 times=2' } })
  const { span, entry } = await latest()
  assert.equal(entry.attempts.length, 3)
  assert.deepEqual(
    span.events.map(({ attributes }) => attributes[conventions.ATTR_HTTP_RESPONSE_STATUS_CODE]),
    [503, 503, 200],
  )
  assert.deepEqual(
    span.events.map(({ timeNano }) => timeNano),
    entry.attempts.map(
      ({ startedAfterMs }) => BigInt(Math.round((entry.call.startedAtMs + startedAfterMs) * 1000)) * 1000n,
    ),
  )
  assert.equal(span.attributes['tollgate.retries'], 2)
  assert.equal(spansOf(entry).length, 1)
})

test('a call that a provider turns down is an error by its code, without a word of it', async () => {
  await assert.rejects(
    openai().chat.completions.create(chat, { headers: { 'x-simulate': 'status=400 message=quoted-words' } }),
  )
  const { span, entry } = await latest()
  assert.ok(entry.errorMessage.includes('quoted-words'))
  assert.deepEqual(span.status, { code: 2, message: entry.errorCode })
  assert.equal(span.attributes[conventions.ATTR_ERROR_TYPE], entry.errorCode)
  assert.equal(span.attributes[conventions.ATTR_HTTP_RESPONSE_STATUS_CODE], 400)
  assert.ok(!JSON.stringify(span.attributes).includes('quoted-words'))
})

test('a refused call is a span in its trace', async () => {
  await assert.rejects(
    openai().chat.completions.create(
      { ...chat, model: 'no-such-model' },
      { headers: { traceparent: `00-${traceId}-${callerSpan}-01` } },
    ),
  )
  const { span, entry } = await latest()
  assert.equal(entry.outcome, 'refused')
  assert.equal(span.name, 'chat')
  assert.equal(span.traceId, traceId)
  assert.equal(span.parentSpanId, callerSpan)
  assert.equal(span.attributes[conventions.ATTR_ERROR_TYPE], 'model_not_found')
  assert.equal(span.attributes[conventions.ATTR_GEN_AI_REQUEST_MODEL], 'no-such-model')
  assert.equal(span.attributes[conventions.ATTR_GEN_AI_PROVIDER_NAME], 'openai')
  assert.deepEqual(span.events, [])
})

test('a call whose caller left is a span', async () => {
  const leaving = new AbortController()
  const asked = openai().chat.completions.create(chat, {
    headers: { 'x-simulate': 'status=503 retry-after=50' },
    signal: leaving.signal,
  })
  const records = (await stack.ledger()).length
  await until('the call to be open', async () => {
    const entries = await stack.journal()
    const settled = entries.filter(({ kind }) => kind === 'settle').map(({ call }) => call.callId)
    return entries.some(({ call }) => !settled.includes(call.callId)) || null
  })
  leaving.abort()
  await assert.rejects(asked)
  await until('its record', async () => ((await stack.ledger()).length > records ? true : null))
  const { span, entry } = await latest()
  assert.notEqual(entry.outcome, 'served')
  assert.equal(span.attributes['tollgate.outcome'], entry.outcome)
  assert.equal(span.status.code, 2)
})

test('each kind of call has its operation', async () => {
  const client = openai()
  const calls: [name: string, call: () => Promise<unknown>][] = [
    [
      'embeddings text-embedding-3-small',
      () => client.embeddings.create({ model: 'text-embedding-3-small', input: 'a' }),
    ],
    ['chat gpt-4.1', () => client.responses.create({ model: 'gpt-4.1', input: 'a' })],
    ['models', () => client.models.list()],
  ]
  for (const [name, call] of calls) {
    await call()
    assert.equal((await latest()).span.name, name)
  }
})

test('a background response has a span of its own, below that of the call that began it', async () => {
  const begun = await openai().responses.create({ model: 'gpt-5', input: 'Hello', background: true })
  const { span } = await latest()
  await until('the job to be done', async () => {
    const { status } = await openai().responses.retrieve(begun.id)
    return status === 'completed' || null
  })
  const job = (await stack.ledger()).find(({ marks }) => marks.includes('background_job'))
  assert.ok(job !== undefined)
  const child = await until('its span', () => spansOf(job)[0] ?? null)
  assert.equal(child.traceId, span.traceId)
  assert.equal(child.parentSpanId, span.spanId)
  assert.notEqual(child.spanId, span.spanId)
  assert.equal(child.attributes[conventions.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS], job.tokens.output)
  assert.equal(span.attributes[conventions.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS], undefined)
})

describe('metrics', () => {
  const sums = (metric: string, wanted: Record<string, string> = {}) =>
    collector.points
      .filter((point) => point.metric === metric)
      .filter(({ attributes }) => Object.entries(wanted).every(([name, value]) => attributes[name] === value))

  test('have names, units, bounds and attributes of the conventions, cumulative', async () => {
    await until('metrics', () => (sums('gen_ai.client.operation.time_to_first_chunk').length > 0 ? true : null))
    const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
    const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
    const known: Record<string, [unit: string, bounds: number[]]> = {
      [conventions.METRIC_GEN_AI_CLIENT_TOKEN_USAGE]: ['{token}', tokens],
      [conventions.METRIC_GEN_AI_CLIENT_OPERATION_DURATION]: ['s', seconds],
      [conventions.METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK]: ['s', seconds],
    }
    assert.deepEqual([...new Set(collector.points.map(({ metric }) => metric))].sort(), Object.keys(known).sort())
    const allowed = new Set<string>([
      conventions.ATTR_GEN_AI_OPERATION_NAME,
      conventions.ATTR_GEN_AI_PROVIDER_NAME,
      conventions.ATTR_GEN_AI_REQUEST_MODEL,
      conventions.ATTR_GEN_AI_RESPONSE_MODEL,
      conventions.ATTR_GEN_AI_TOKEN_TYPE,
      conventions.ATTR_SERVER_ADDRESS,
      conventions.ATTR_SERVER_PORT,
      conventions.ATTR_ERROR_TYPE,
    ])
    for (const { metric, unit, bounds, temporality, attributes } of collector.points) {
      assert.deepEqual([unit, bounds], known[metric])
      assert.equal(temporality, 2)
      for (const name of Object.keys(attributes)) assert.ok(allowed.has(name), name)
      assert.ok(conventions.ATTR_GEN_AI_OPERATION_NAME in attributes)
      assert.ok(conventions.ATTR_GEN_AI_PROVIDER_NAME in attributes)
    }
  })

  test('add up to the ledger', async () => {
    const ledger = await stack.ledger()
    const total = (count: (entry: SettleEntry) => number) => ledger.reduce((sum, entry) => sum + count(entry), 0)
    const sum = (metric: string, wanted?: Record<string, string>) =>
      sums(metric, wanted).reduce((all, point) => all + point.sum, 0)
    const count = (metric: string) => sums(metric).reduce((all, point) => all + point.count, 0)
    // A job lasts until somebody fetches it.
    const timed = ledger.filter(({ marks }) => !marks.includes('background_job'))
    await until('all calls to be counted', () =>
      count('gen_ai.client.operation.duration') >= timed.length ? true : null,
    )
    assert.equal(count('gen_ai.client.operation.duration'), timed.length)
    assert.equal(
      sum('gen_ai.client.token.usage', { 'gen_ai.token.type': 'input' }),
      total(({ tokens }) => tokens.input),
    )
    assert.equal(
      sum('gen_ai.client.token.usage', { 'gen_ai.token.type': 'output' }),
      total(({ tokens }) => tokens.output),
    )
    const errors = sums('gen_ai.client.operation.duration').filter(({ attributes }) => 'error.type' in attributes)
    assert.equal(
      errors.reduce((all, point) => all + point.count, 0),
      ledger.filter(({ outcome }) => outcome !== 'served').length,
    )
  })
})

test('every call has one span', async () => {
  for (const entry of await stack.ledger()) assert.equal(spansOf(entry).length, 1, entry.call.callId)
  assert.equal(new Set(collector.spans.map(({ spanId }) => spanId)).size, collector.spans.length)
})

test('nothing that was said is exported, and no secret is logged', () => {
  const exported = JSON.stringify([collector.spans, collector.points], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  for (const said of ['quick brown fox', 'quoted-words', callerSecret]) assert.ok(!exported.includes(said), said)
  assert.ok(collector.headers.every((headers) => headers['x-token'] === headersSecret))
  assert.ok(!logged.includes(headersSecret))
  assert.ok(!stack.log.includes(headersSecret))
})
