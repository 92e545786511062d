import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { alerts, root, rules, ruleTestFiles, yamlOf } from './deployed.ts'

interface AlertTest {
  readonly alertname: string
  readonly exp_alerts: readonly unknown[]
}

interface RuleTests {
  readonly tests: readonly { readonly name: string; readonly alert_rule_test: readonly AlertTest[] }[]
}

const runbooks = readFileSync(`${root}docs/runbooks.md`, 'utf8')
const anchors = new Set([...runbooks.matchAll(/^## (\w+)$/gm)].map(([, title]) => (title ?? '').toLowerCase()))

test('every alert has a severity, says what it is, and leads to its runbook', () => {
  for (const { alert = '', labels = {}, annotations = {} } of alerts()) {
    assert.match(alert, /^Tollgate[A-Z]\w+$/)
    assert.match(labels['severity'] ?? '', /^(critical|warning|info)$/, alert)
    assert.deepEqual(Object.keys(annotations).sort(), ['description', 'runbook_url', 'summary'], alert)
    assert.match(annotations['summary'] ?? '', /\w/, alert)
    assert.match(annotations['description'] ?? '', /\.$/, alert)
    assert.equal(annotations['runbook_url'], `docs/runbooks.md#${alert.toLowerCase()}`)
  }
})

test('every alert has its runbook, and every runbook its alert', () => {
  assert.deepEqual(
    [...anchors].sort(),
    alerts()
      .map(({ alert = '' }) => alert.toLowerCase())
      .sort(),
  )
})

test('every runbook says what it means, what to look at and what to do', () => {
  for (const section of runbooks.split(/^## /m).slice(1)) {
    const name = section.slice(0, section.indexOf('\n'))
    for (const word of ['Means', 'Look at', 'Do'])
      assert.match(section, new RegExp(`^\\*\\*${word}\\.\\*\\*`, 'm'), name)
  }
})

test('every name is given once', () => {
  const names = rules().map(({ record, alert }) => record ?? alert)
  assert.equal(new Set(names).size, names.length)
})

test('every alert is tested to fire, and not to fire', () => {
  const tests = ruleTestFiles.flatMap((path) => yamlOf<RuleTests>(path).tests.flatMap((one) => one.alert_rule_test))
  for (const { alert } of alerts()) {
    const own = tests.filter(({ alertname }) => alertname === alert)
    assert.ok(
      own.some(({ exp_alerts: expected }) => expected.length > 0),
      `no test sees ${alert} fire`,
    )
    assert.ok(
      own.some(({ exp_alerts: expected }) => expected.length === 0),
      `no test sees ${alert} stay silent`,
    )
  }
})
