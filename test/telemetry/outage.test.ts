import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import OpenAI from 'openai'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { Collector } from './collector.ts'
import { partialSuccess } from './otlp-messages.ts'
import { exportingConfig, startExporting } from './telemetry-sides.ts'

async function scene(t: TestContext, otlp = 'timeout_ms: 200') {
  const collector = await Collector.start()
  const stack = await startStack({ more: 'telemetry: {traces: {sample_ratio: 1}}' })
  const config = exportingConfig(stack.dataDir, collector.url, otlp)
  const exporting = await startExporting(config)
  t.after(async () => {
    await exporting.side.close()
    await stack.stop()
    await collector.down()
  })
  return { collector, stack, config, ...exporting }
}

async function call(stack: Stack): Promise<void> {
  const client = new OpenAI({ apiKey: callerSecret, baseURL: `${stack.url}/v1`, maxRetries: 0 })
  await client.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] })
}

async function calls(stack: Stack, number: number): Promise<void> {
  for (let i = 0; i < number; i++) await call(stack)
}

const ids = (collector: Collector) => collector.spans.map(({ attributes }) => attributes['tollgate.call_id'])
const settled = async (stack: Stack) => (await stack.ledger()).map((entry) => entry.call.callId)

/** So many calls in the latest metrics. */
const counted = (collector: Collector) =>
  collector.points
    .filter(({ metric }) => metric === 'gen_ai.client.operation.duration')
    .reduce((sum, { count }) => sum + count, 0)

test('a collector that is away misses nothing, and calls do not notice', async (t) => {
  const { collector, stack, value, lines } = await scene(t)
  await calls(stack, 2)
  await until('the first spans', () => collector.spans.length === 2 || null)
  assert.equal(await value('up', 'traces'), 1)
  await collector.down()
  await calls(stack, 5)
  await until('the outage to show', async () => (await value('up', 'traces')) === 0 || null)
  await until('that of the metrics', async () => (await value('up', 'metrics')) === 0 || null)
  await calls(stack, 5)
  assert.ok(((await value('queue_length', 'traces')) ?? 0) > 0)
  assert.equal(await value('dropped_total', 'traces'), 0)
  await collector.up()
  await until('all spans', () => collector.spans.length >= 12 || null)
  await until('all metrics', () => counted(collector) === 12 || null)
  assert.deepEqual(ids(collector), await settled(stack))
  await until('the counts to follow', async () => (await value('exported_total', 'traces')) === 12 || null)
  assert.equal(await value('up', 'traces'), 1)
  assert.equal(await value('queue_length', 'traces'), 0)
  assert.equal(await value('dropped_total', 'traces'), 0)
  assert.ok(((await value('export_failures_total', 'traces')) ?? 0) > 0)
  // Said once when it went and once when it came back, however often it was tried.
  assert.equal(lines.filter((line) => line.includes('spans are not exported')).length, 1)
  assert.equal(lines.filter((line) => line.includes('spans are exported again')).length, 1)
})

test('a collector that never answers is given up on in time and asked again', async (t) => {
  const { collector, stack, value } = await scene(t)
  collector.mode = { kind: 'hangs' }
  await calls(stack, 3)
  await until('the failure', async () => ((await value('export_failures_total', 'traces')) ?? 0) > 0 || null)
  await calls(stack, 3)
  collector.mode = { kind: 'takes' }
  await until('all spans', () => collector.spans.length >= 6 || null)
  assert.deepEqual(ids(collector), await settled(stack))
})

test('a collector that asks for time gets it', async (t) => {
  const { collector, stack, value } = await scene(t)
  collector.mode = { kind: 'answers', status: 503, headers: { 'retry-after': '1' } }
  await calls(stack, 2)
  await until('the failure', async () => ((await value('export_failures_total', 'traces')) ?? 0) > 0 || null)
  collector.mode = { kind: 'takes' }
  await until('all spans', () => collector.spans.length === 2 || null)
  assert.equal(await value('dropped_total', 'traces'), 0)
})

test('what a collector turns down is counted as dropped, and nothing waits behind it', async (t) => {
  const { collector, stack, value } = await scene(t)
  collector.mode = { kind: 'answers', status: 400 }
  await calls(stack, 2)
  await until('the drop', async () => (await value('dropped_total', 'traces')) === 2 || null)
  assert.equal(await value('up', 'traces'), 0)
  collector.mode = { kind: 'takes' }
  await calls(stack, 1)
  await until('the next span', () => collector.spans.length === 1 || null)
  assert.deepEqual(ids(collector), (await settled(stack)).slice(2))
  // Sums are cumulative: what was turned down is in the next export.
  await until('all metrics', () => counted(collector) === 3 || null)
})

test('what a collector leaves out of an export is counted as dropped', async (t) => {
  const { collector, stack, value, lines } = await scene(t)
  collector.mode = { kind: 'answers', status: 200, body: partialSuccess('traces', 2, 'attribute limit') }
  await calls(stack, 1)
  await until('the answer', async () => ((await value('dropped_total', 'traces')) ?? 0) > 0 || null)
  assert.equal(await value('dropped_total', 'traces'), 2)
  assert.equal(await value('up', 'traces'), 1)
  assert.ok(lines.some((line) => line.includes('attribute limit')))
})

test('a restart loses no span and tells none twice, whatever happened meanwhile', async (t) => {
  const { collector, stack, config, side } = await scene(t)
  await calls(stack, 3)
  await side.close()
  // What was in the journal when it was stopped is out.
  assert.deepEqual(ids(collector), await settled(stack))
  assert.equal(counted(collector), 3)
  await calls(stack, 4)
  const again = await startExporting(config)
  await calls(stack, 2)
  await until('all spans', () => collector.spans.length >= 9 || null)
  await until('all metrics', () => counted(collector) === 6 || null)
  await again.side.close()
  assert.deepEqual(ids(collector), await settled(stack))
})

test('a call that is open over a restart has its span', async (t) => {
  const { collector, stack, config, side } = await scene(t)
  const client = new OpenAI({ apiKey: callerSecret, baseURL: `${stack.url}/v1`, maxRetries: 0 })
  const chat = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const slow = client.chat.completions.create(chat, { headers: { 'x-simulate': 'ttft=1500 speed=1' } })
  await until('the call to be open', async () => (await stack.journal()).length > 0 || null)
  await call(stack)
  await until('the span of the other', () => collector.spans.length === 1 || null)
  await side.close()
  const again = await startExporting(config)
  await slow
  await until('its span', () => collector.spans.length === 2 || null)
  await again.side.close()
})

test('another configuration takes over where the old one was, and none ends it', async (t) => {
  const { collector, stack, config, side } = await scene(t)
  const other = await Collector.start()
  try {
    await calls(stack, 2)
    await side.apply(exportingConfig(stack.dataDir, other.url))
    await calls(stack, 2)
    await until('spans at the other', () => other.spans.length + collector.spans.length === 4 || null)
    await side.apply({ ...config, telemetry: null })
    await calls(stack, 1)
    assert.equal(other.spans.length + collector.spans.length, 4)
  } finally {
    await side.close()
    await other.down()
  }
})

test('a collector that is gone for good, and with it its configuration, is not told of as failing for ever', async (t) => {
  const { collector, stack, config, side, value } = await scene(t)
  await collector.down()
  await calls(stack, 1)
  for (const signal of ['traces', 'metrics'] as const)
    await until('the failure', async () => (await value('up', signal)) === 0 || null)
  await side.apply({ ...config, telemetry: null })
  for (const signal of ['traces', 'metrics'] as const) {
    assert.equal(await value('up', signal), null)
    assert.equal(await value('queue_length', signal), 0)
    assert.ok(((await value('export_failures_total', signal)) ?? 0) > 0)
  }
})

test('of the calls of the minutes before telemetry was switched on the metrics tell, and no span does', async (t) => {
  const collector = await Collector.start()
  const stack = await startStack()
  t.after(async () => {
    await stack.stop()
    await collector.down()
  })
  await calls(stack, 2)
  const { side } = await startExporting(exportingConfig(stack.dataDir, collector.url))
  // Calls of the last minutes count; they had no trace.
  await until('metrics', () => counted(collector) === 2 || null)
  await side.close()
  assert.deepEqual(collector.spans, [])
})
