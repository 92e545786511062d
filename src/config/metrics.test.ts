import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultLine } from './faults.ts'
import { loadConfig } from './load.ts'

function load(text: string) {
  return loadConfig({ env: { TOLLGATE_CONFIG: 'x.yaml' }, cwd: '/app', readFile: () => text })
}

test('without a word of metrics they have their defaults', () => {
  const loaded = load('')
  assert.ok(loaded.ok)
  assert.deepEqual(loaded.config.metrics, {
    public: false,
    listen: null,
    prefixes: ['tollgate_'],
    labelValues: { provider: 200, model: 200, department: 200, project: 200 },
  })
})

test('a cap is one number for all labels, or one for each', () => {
  const one = load('metrics: {label_values: 30, listen: "[::1]:9464", public: true}')
  assert.ok(one.ok)
  assert.deepEqual(one.config.metrics.labelValues, { provider: 30, model: 30, department: 30, project: 30 })
  assert.deepEqual(one.config.metrics.listen, { host: '::1', port: 9464 })
  assert.equal(one.config.metrics.public, true)
  const each = load('metrics: {label_values: {default: 10, project: 500}, prefixes: [holysheep_, tollgate_]}')
  assert.ok(each.ok)
  assert.deepEqual(each.config.metrics.labelValues, { provider: 10, model: 10, department: 10, project: 500 })
  assert.deepEqual(each.config.metrics.prefixes, ['holysheep_', 'tollgate_'])
})

const faults: readonly [text: string, said: RegExp][] = [
  ['metrics: yes', /metrics.*is not a mapping/],
  ['metrics: {pubic: true}', /metrics\.pubic.*is not a setting.*public, perhaps\?/],
  ['metrics: {label_values: 0}', /metrics\.label_values.*out of range/],
  ['metrics: {label_values: many}', /metrics\.label_values.*is not a whole number/],
  ['metrics: {label_values: {model: 0}}', /metrics\.label_values\.model.*out of range/],
  [
    'metrics: {label_values: {modl: 3}}',
    /metrics\.label_values\.modl.*is not a setting; expected default, provider, model/,
  ],
  ['metrics: {label_values: [1]}', /metrics\.label_values.*is not a mapping/],
  ['metrics: {prefixes: []}', /metrics\.prefixes.*is empty/],
  ['metrics: {prefixes: [tollgate]}', /metrics\.prefixes\[0\].*is not a prefix/],
  ['metrics: {prefixes: [ai_api_]}', /metrics\.prefixes\[0\].*is that of other metrics/],
  ['metrics: {prefixes: [a_, a_]}', /metrics\.prefixes.*names a prefix twice/],
  ['metrics: {listen: nowhere}', /metrics\.listen.*is not an address with a port/],
  ['metrics: {listen: "127.0.0.1:4000"}', /metrics\.listen.*is the address of everything else/],
  ['listen: ":5000"\nmetrics: {listen: "10.0.0.1:5000"}', /metrics\.listen.*is the address of everything else/],
]

for (const [text, said] of faults) {
  test(`${text.replace('\n', ', ')} is told`, () => {
    const loaded = load(text)
    assert.ok(!loaded.ok)
    assert.equal(loaded.faults.length, 1, loaded.faults.map(faultLine).join('\n'))
    assert.match(loaded.faults.map(faultLine).join('\n'), said)
  })
}

test('another port of the same host, or the same port of another, is no fault', () => {
  assert.ok(load('metrics: {listen: "127.0.0.1:4001"}').ok)
  assert.ok(load('listen: 127.0.0.1:4000\nmetrics: {listen: "10.0.0.1:4000"}').ok)
})
