import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { expressions, root, rules } from './deployed.ts'

const ours = /\b(?:ai_api|tollgate|nodejs|process)_\w+/g

const prefixed = /`\$\{prefix\}(\w+)`/g
const named = /'((?:ai_api|tollgate)_\w+)'/g

/** Families that the product's sources name. Those of Node.js processes are prom-client's. */
const known = new Set(
  globSync('src/**/*.ts', { cwd: root }).flatMap((path) => {
    const text = readFileSync(root + path, 'utf8')
    const ofPayers = [...text.matchAll(prefixed)].map(([, name]) => `tollgate_${name}`)
    return [...ofPayers, ...[...text.matchAll(named)].map(([, name]) => name ?? '')]
  }),
)
const ofProcesses = new Registry()
collectDefaultMetrics({ register: ofProcesses })
for (const { name } of ofProcesses.getMetricsAsArray()) known.add(name)

function namesIn(text: string): string[] {
  // Names of recordings have colons, and texts name other things too.
  const plain = text.replaceAll(/[\w]+:[\w:]+/g, '').replaceAll(/"[^"]*"/g, '')
  return [...plain.matchAll(ours)].map(([name]) => name)
}

function unknown(name: string): boolean {
  return !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, ''))
}

test('panels and rules ask for metrics that there are', () => {
  for (const { where, expr } of expressions()) assert.deepEqual(namesIn(expr).filter(unknown), [], where)
})

test('the runbooks name metrics that there are', () => {
  const runbooks = readFileSync(`${root}docs/runbooks.md`, 'utf8')
  const queries = [...runbooks.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '')
  assert.deepEqual(queries.flatMap(namesIn).filter(unknown), [])
})

test('recordings that are asked for are recorded, and what is recorded is asked for', () => {
  const recorded = rules().flatMap(({ record }) => (record === undefined ? [] : [record]))
  const asked = new Set(expressions().flatMap(({ expr }) => expr.match(/\b\w+:\w+:\w+/g) ?? []))
  assert.deepEqual(
    [...asked].filter((name) => !recorded.includes(name)),
    [],
  )
  assert.deepEqual(
    recorded.filter((name) => !asked.has(name)),
    [],
  )
})
