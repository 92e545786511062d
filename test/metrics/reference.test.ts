import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { MetricObject, Registry } from 'prom-client'
import { type ConsoleSources, consoleMetrics } from '#compose/console/console-metrics.ts'
import { callDefinitions, payerDefinitions, roadDefinitions, stateDefinitions } from '#gateway/metrics/definitions.ts'
import type { Definition } from '#gateway/metrics/family.ts'
import { TelemetryMetrics } from '#reactions/telemetry/telemetry-metrics.ts'
import { ask } from '#test/faults/asking.ts'
import { parseExposition } from '#test/support/exposition.ts'
import { Stack } from '#test/support/stack.ts'

const reference = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

const ofGateway: readonly Definition[] = [callDefinitions, roadDefinitions, stateDefinitions]
  .flatMap((group): Definition[] => Object.values(group))
  .concat(Object.values(payerDefinitions('tollgate_')))

const definitions: readonly Definition[] = [...ofGateway, ...ofConsole()]

/** What the console registers, telemetry's in the same registry, as it is put together there. Nothing is measured. */
function ofConsole(): Definition[] {
  const { registry, follow } = consoleMetrics({ warn: () => undefined })
  follow({
    usage: {} as ConsoleSources['usage'],
    firing: () => null,
    waiting: async () => new Map(),
  })
  new TelemetryMetrics(registry)
  // What prom-client tells of every process stands in the reference as a list.
  return registered(registry).filter(({ name }) => !/^(?:process|nodejs)_/.test(name))
}

interface Registered extends MetricObject {
  readonly labelNames: readonly string[]
  /** Of histograms. */
  readonly upperBounds?: readonly number[]
}

function registered(registry: Registry): Definition[] {
  return (registry.getMetricsAsArray() as unknown as Registered[]).map(
    ({ name, type, help, labelNames, upperBounds }) => ({
      ...{ name, help, type: String(type) as Definition['type'], labels: labelNames },
      ...(upperBounds === undefined ? {} : { buckets: upperBounds }),
    }),
  )
}

/** Rows of the tables of families: name, type, labels, meaning. */
const rows = [...reference.matchAll(/^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([^|]*) \| ([^|]+) \|$/gm)].map(
  ([, name = '', type = '', labels = '', meaning = '']) => ({
    ...{ name, type, meaning },
    labels: [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label),
  }),
)

test('the reference has every family of gateway, console and telemetry, and no other, as it is', () => {
  assert.deepEqual(
    rows.map(({ name, type, labels }) => ({ name, type, labels })).sort(byName),
    definitions.map(({ name, type, labels }) => ({ name, type, labels: [...labels] })).sort(byName),
  )
})

test('the reference says the buckets of every histogram', () => {
  for (const { name, buckets } of definitions) {
    if (buckets === undefined) continue
    assert.match(
      rows.find((row) => row.name === name)?.meaning ?? '',
      new RegExp(`Buckets ${buckets.join(' ')}\\.`),
      name,
    )
  }
})

/** By the end of a name, what its meaning has to say. */
const units: readonly (readonly [RegExp, RegExp])[] = [
  [/_milliseconds$/, /\bmilliseconds\b/i],
  [/_timestamp_seconds$/, /\bUnix seconds\b/],
  [/_seconds$/, /\bseconds\b/i],
  [/_bytes(_total)?$/, /\bbytes\b/i],
  [/_usd(_total)?$/, /\bUSD\b/],
  [/_usd_cents$/, /\bUS cents\b/],
]

test('the reference says the unit of everything that is measured in one', () => {
  for (const { name, meaning } of rows) {
    for (const [ending, unit] of units) if (ending.test(name)) assert.match(meaning, unit, name)
  }
})

test('families are named once, and counters as Prometheus wants it', () => {
  assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length)
  for (const { name, type, help } of definitions) {
    assert.equal(name.endsWith('_total'), type === 'counter' && name !== 'ai_api_cost_usd_cents', name)
    assert.match(help, /^[A-Z1][^"]+\.$/, name)
  }
})

test('what a scrape shows is in the reference, each family with no other labels', async (t) => {
  const stack = await Stack.start({ more: 'budgets: [{name: b, limits: [{window: day, usd: 1}]}]' })
  t.after(() => stack.stop())
  for (const stream of [true, false]) await (await ask(stack, { stream, wishes: 'status=500 times=1' }).response).text()
  await (await ask(stack, { body: { model: 'nobody' } }).response).text()
  const text = await (await fetch(`${stack.url}/metrics`)).text()
  const known = new Map(definitions.map((definition) => [definition.name, definition]))
  let shown = 0
  for (const { name, samples } of parseExposition(text, 'text').values()) {
    const definition = known.get(name)
    if (definition === undefined) {
      assert.ok(reference.includes(`\`${name}\``), `${name} is not in docs/metrics.md`)
      continue
    }
    shown++
    for (const { labels } of samples) {
      const names = Object.keys(labels).filter((label) => label !== 'le')
      assert.deepEqual(names, definition.labels, name)
    }
  }
  assert.ok(shown > 40, `only ${shown} families were shown`)
})

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
