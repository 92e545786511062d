import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import OpenAI from 'openai'
import { until } from '#test/support/until.ts'
import { Tollgate, workplace } from '../serve/tollgate.ts'
import { Collector } from './collector.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

test('`tollgate serve` exports to the collector that the environment names, to its last call', async (t) => {
  const collector = await Collector.start()
  t.after(() => collector.down())
  const tollgate = new Tollgate(t, workplace(t), ['serve'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=5ecre7%20token',
    OTEL_SERVICE_NAME: 'llm-gateway',
    // Of other signals' exporters: not for us, and not read by any library behind our back.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/nowhere',
    OTEL_SDK_DISABLED: 'true',
  })
  const { address, key } = await tollgate.ready()
  const client = new OpenAI({ apiKey: key, baseURL: `${address}/v1`, maxRetries: 0 })
  const chat = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const traced = { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } }
  await client.chat.completions.create(chat, traced)
  const span = await until('the span', () => collector.spans[0] ?? null)
  assert.equal(span.traceId, traceId)
  assert.equal(span.resource['service.name'], 'llm-gateway')
  await client.chat.completions.create(chat, traced)
  // The interval of the metrics is a minute: the stop exports them.
  tollgate.process.kill('SIGTERM')
  assert.equal(await tollgate.exit, 0)
  assert.equal(collector.spans.length, 2)
  const calls = collector.points.filter(({ metric }) => metric === 'gen_ai.client.operation.duration')
  assert.equal(
    calls.reduce((sum, { count }) => sum + count, 0),
    2,
  )
  assert.ok(collector.headers.every((headers) => headers['x-token'] === '5ecre7 token'))
  assert.ok(!(tollgate.stdout + tollgate.stderr).includes('5ecre7'))
})

test('nothing of OpenTelemetry is loaded with the processes, only where it is asked for', async () => {
  const loaded: string[] = []
  registerHooks({
    resolve(specifier, context, next) {
      // prom-client has the API, which does nothing by itself, for exemplars.
      const forExemplars = context.parentURL?.includes('/prom-client/') === true
      if (specifier.startsWith('@opentelemetry/') && !forExemplars) loaded.push(specifier)
      return next(specifier, context)
    },
  })
  await import('#compose/gateway/gateway.ts')
  await import('#compose/console/console.ts')
  assert.deepEqual(loaded, [])
  await import('#edge/otlp/otlp.ts')
  assert.ok(loaded.length > 0)
})
