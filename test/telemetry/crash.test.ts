import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import { callerSecret, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { TollgateProcess } from '../crash/tollgate-process.ts'
import { Collector } from './collector.ts'
import { exportingConfig, startExporting } from './telemetry-sides.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const chat = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hello' }] }
const clientOf = (url: string) => new OpenAI({ apiKey: callerSecret, baseURL: `${url}/v1`, maxRetries: 0 })

test('a call that the death of the gateway interrupts has one span, in its trace', async () => {
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing: { speed: 0 } })
  const collector = await Collector.start()
  const gateway = await TollgateProcess.prepare({
    upstream: simulator.address,
    more: 'telemetry: {traces: {sample_ratio: 0}}',
  })
  try {
    assert.ok(await gateway.start(), gateway.stderr)
    const { side } = await startExporting(exportingConfig(gateway.dataDir, collector.url))
    const interrupted = clientOf(gateway.url).chat.completions.create(chat, {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-simulate': 'ttft=60000 speed=1' },
    })
    interrupted.catch(() => undefined)
    await until('the call to be open', async () => (await gateway.entries()).length === 1 || null)
    await gateway.kill()
    await assert.rejects(interrupted)
    assert.deepEqual(collector.spans, [])
    assert.ok(await gateway.start(), gateway.stderr)
    const span = await until('the span', () => collector.spans[0] ?? null)
    assert.equal(span.traceId, traceId)
    assert.equal(span.parentSpanId, '00f067aa0ba902b7')
    assert.equal(span.attributes['tollgate.outcome'], 'interrupted')
    assert.equal(span.attributes['error.type'], 'interrupted')
    assert.equal(span.attributes['tollgate.usage_source'], 'estimated')
    const [open] = await gateway.entries()
    assert.equal(open?.kind === 'open' ? open.trace?.spanId : null, span.spanId)
    await side.close()
    assert.equal(collector.spans.length, 1)
  } finally {
    await gateway.remove()
    await collector.down()
    await simulator.close()
  }
})

test('whoever exports may be killed at any moment: every call has its span at least once', async () => {
  const collector = await Collector.start()
  const stack = await startStack({ more: 'telemetry: {traces: {sample_ratio: 1}}' })
  let calling = true
  try {
    const client = clientOf(stack.url)
    const load = (async () => {
      while (calling) await Promise.all([1, 2, 3].map(() => client.chat.completions.create(chat)))
    })()
    for (let round = 0; round < 5; round++) {
      const before = collector.requests
      const child = exporter(stack.dataDir, collector.url)
      await until('it to export', () => collector.requests > before + round || null)
      await killed(child)
    }
    calling = false
    await load
    const { side } = await startExporting(exportingConfig(stack.dataDir, collector.url))
    const wanted = new Set((await stack.ledger()).map(({ call }) => call.callId))
    const found = () => new Set(collector.spans.map(({ attributes }) => attributes['tollgate.call_id']))
    await until('all spans', () => found().size === wanted.size || null)
    await side.close()
    assert.deepEqual(found(), wanted)
    // What was told twice is the same span.
    assert.equal(new Set(collector.spans.map(({ spanId }) => spanId)).size, wanted.size)
  } finally {
    calling = false
    await stack.stop()
    await collector.down()
  }
})

function exporter(dataDir: string, url: string): ChildProcess {
  const path = fileURLToPath(new URL('exporter-child.ts', import.meta.url))
  return spawn(process.execPath, [path, dataDir, url], { stdio: 'ignore' })
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
