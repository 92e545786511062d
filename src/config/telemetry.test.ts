import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Environment } from './environment.ts'
import { faultLine } from './faults.ts'
import { loadConfig } from './load.ts'

function load(text: string, env: Environment = {}) {
  return loadConfig({ env: { TOLLGATE_CONFIG: 'test.yaml', ...env }, cwd: '/app', readFile: () => text })
}

function telemetry(text: string, env: Environment = {}) {
  const result = load(text, env)
  assert.ok(result.ok, result.ok ? '' : result.faults.map(faultLine).join('\n'))
  return result.config.telemetry
}

function faults(text: string, env: Environment = {}): string[] {
  const result = load(text, env)
  return result.ok ? [] : result.faults.map(faultLine)
}

test('without a section and without a variable there is no telemetry', () => {
  assert.equal(telemetry(''), null)
  assert.equal(telemetry('', { OTEL_SERVICE_NAME: 'gateway', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }), null)
})

test('a section says all of it', () => {
  const text = `
telemetry:
  otlp: {endpoint: "https://otel.example.com/otlp/", headers: {authorization: "Bearer \${TOKEN}"}, timeout_ms: 2500, protocol: http/protobuf}
  traces: {sample_ratio: 0.25}
  metrics: {interval_ms: 15000}
  resource: {deployment.environment.name: production}
`
  assert.deepEqual(telemetry(text, { TOKEN: 'secret' }), {
    endpoint: 'https://otel.example.com/otlp',
    headers: { authorization: 'Bearer secret' },
    timeoutMs: 2500,
    sampleRatio: 0.25,
    metricsIntervalMs: 15_000,
    resource: { 'deployment.environment.name': 'production' },
  })
})

test('a section with nothing in it has the usual values', () => {
  assert.deepEqual(telemetry('telemetry: {}'), {
    endpoint: 'http://localhost:4318',
    headers: {},
    timeoutMs: 10_000,
    sampleRatio: 0.01,
    metricsIntervalMs: 60_000,
    resource: {},
  })
})

test('the standard variables switch it on, and the file wins over them, setting by setting', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x-tenant = team=1 ,',
    OTEL_SERVICE_NAME: 'llm',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=pro%2Cd',
  }
  const said = telemetry('', env)
  assert.equal(said?.endpoint, 'http://collector:4318')
  assert.deepEqual(said?.headers, { 'api-key': 'a b', 'x-tenant': 'team=1' })
  assert.deepEqual(said?.resource, { 'service.name': 'llm', 'deployment.environment.name': 'pro,d' })
  const both = telemetry(
    'telemetry: {otlp: {endpoint: "http://other:4318", headers: {}}, resource: {service.name: mine}}',
    env,
  )
  assert.equal(both?.endpoint, 'http://other:4318')
  assert.deepEqual(both?.headers, {})
  assert.deepEqual(both?.resource, { 'service.name': 'mine', 'deployment.environment.name': 'pro,d' })
})

const wrong: [text: string, place: string][] = [
  ['telemetry: on', 'telemetry (line 1): '],
  ['telemetry: {otpl: {}}', 'telemetry.otpl (line 1): is not a setting'],
  ['telemetry: {content: true}', 'telemetry.content (line 1): is not a setting'],
  ['telemetry: {otlp: {endpoint: collector:4317}}', 'telemetry.otlp.endpoint (line 1): '],
  ['telemetry: {otlp: {endpoint: "http://me:secret@collector"}}', 'telemetry.otlp.endpoint (line 1): contains a user'],
  [
    'telemetry: {otlp: {endpoint: "http://collector:4318/v1/traces/"}}',
    'telemetry.otlp.endpoint (line 1): ends in the path',
  ],
  ['telemetry: {otlp: {protocol: grpc}}', 'telemetry.otlp.protocol (line 1): '],
  ['telemetry: {otlp: {timeout_ms: 1}}', 'telemetry.otlp.timeout_ms (line 1): is out of range'],
  ['telemetry: {otlp: {headers: {"a b": x}}}', 'telemetry.otlp.headers.a b (line 1): '],
  ['telemetry: {otlp: {headers: {a: "ü-secret"}}}', 'telemetry.otlp.headers.a (line 1): '],
  ['telemetry: {traces: {sample_ratio: 2}}', 'telemetry.traces.sample_ratio (line 1): is out of range'],
  ['telemetry: {traces: {sample_ratio: -0.1}}', 'telemetry.traces.sample_ratio (line 1): is negative'],
  ['telemetry: {metrics: {interval_ms: 1}}', 'telemetry.metrics.interval_ms (line 1): is out of range'],
  ['telemetry: {resource: {a: [1]}}', 'telemetry.resource.a (line 1): is a list'],
]
for (const [text, place] of wrong) {
  test(`a fault says where and why, and no secret: ${text}`, () => {
    const [found = '', ...more] = faults(text)
    assert.ok(found.startsWith(place), found)
    assert.ok(!found.includes('secret'), found)
    assert.deepEqual(more, [])
  })
}

test('faults of the variables are named by them, without what they hold', () => {
  const found = faults('', {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'secret',
    OTEL_EXPORTER_OTLP_HEADERS: 'secret',
    OTEL_RESOURCE_ATTRIBUTES: 'a=%zz-secret',
  })
  assert.deepEqual(found.map((line) => line.split(': ')[0]).sort(), [
    'environment OTEL_EXPORTER_OTLP_ENDPOINT',
    'environment OTEL_EXPORTER_OTLP_HEADERS',
    'environment OTEL_RESOURCE_ATTRIBUTES',
  ])
  assert.ok(!found.join().includes('secret'))
})
