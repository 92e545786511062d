import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { dashboardFiles } from '../../deploy/grafana/src/all.ts'
import { type Dashboard, dashboards, type Panel, root } from './deployed.ts'

const folder = `${root}deploy/grafana/dashboards/`

test('the dashboards are what their sources draw: npm run dashboards', () => {
  const drawn = dashboardFiles()
  assert.deepEqual(readdirSync(folder).sort(), [...drawn.keys()].sort())
  for (const [name, text] of drawn) assert.equal(readFileSync(folder + name, 'utf8'), text, name)
})

function overlap(a: Panel['gridPos'], b: Panel['gridPos']): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

function variablesIn(dashboard: Dashboard): Set<string> {
  const { templating, ...rest } = dashboard
  const queries = templating.list.map(({ query, datasource }) => ({ query, datasource }))
  const text = JSON.stringify([rest, queries])
  return new Set([...text.matchAll(/\$\{?([a-z][a-z_]*)\b/g)].map(([, name]) => name ?? ''))
}

for (const dashboard of dashboards()) {
  const { title, panels, templating } = dashboard
  const shown = panels.filter(({ type }) => type !== 'row')

  test(`${title}: panels have ids of their own and lie beside each other within 24 columns`, () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const [index, { title: name, gridPos }] of panels.entries()) {
      assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24 && gridPos.h > 0, name)
      const under = panels.slice(index + 1).filter((other) => overlap(gridPos, other.gridPos))
      assert.deepEqual(
        under.map((other) => `${name} lies on ${other.title}`),
        [],
      )
    }
  })

  test(`${title}: every panel says what it shows, in which unit, and asks by the variable of the data source`, () => {
    assert.equal(new Set(shown.map((panel) => panel.title)).size, shown.length)
    for (const panel of shown) {
      assert.match(panel.title, /^\S/)
      assert.match(panel.description ?? '', /\.$/, panel.title)
      assert.match(panel.fieldConfig?.defaults.unit ?? '', /^\w+$/, panel.title)
      const targets = panel.targets ?? []
      assert.ok(targets.length > 0, panel.title)
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, panel.title)
      for (const { datasource } of [panel, ...targets]) assert.equal(datasource?.uid, '${datasource}', panel.title)
    }
  })

  test(`${title}: every variable is used, and what is used is a variable`, () => {
    const declared = templating.list.map(({ name }) => name).sort()
    assert.deepEqual([...variablesIn(dashboard)].sort(), declared)
  })
}

test('the panels that dashboards of the same names always had are there', () => {
  const titles = dashboards().flatMap(({ panels }) => panels.map(({ title }) => title))
  for (const wanted of [
    'Spend by department, 30 days',
    'Token rate by department',
    'p95 latency by model',
    'Budget utilisation',
    'p50 latency',
    'Cost of the last 24 h',
    'Requests per minute',
    'Error rate',
    'p50, p95 and p99 by model',
    'Cost by model',
  ]) {
    assert.ok(titles.includes(wanted), wanted)
  }
})
