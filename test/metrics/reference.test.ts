import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { callDefinitions, payerDefinitions, roadDefinitions, stateDefinitions } from '#gateway/metrics/definitions.ts'
import type { Definition } from '#gateway/metrics/family.ts'
import { ask } from '#test/faults/asking.ts'
import { parseExposition } from '#test/support/exposition.ts'
import { Stack } from '#test/support/stack.ts'

const reference = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

const definitions: readonly Definition[] = [callDefinitions, roadDefinitions, stateDefinitions]
  .flatMap((group): Definition[] => Object.values(group))
  .concat(Object.values(payerDefinitions('tollgate_')))

/** Rows of the tables of families: name, type, labels, meaning. */
const rows = [...reference.matchAll(/^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([^|]*) \| ([^|]+) \|$/gm)].map(
  ([, name = '', type = '', labels = '', meaning = '']) => ({
    ...{ name, type, meaning },
    labels: [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label),
  }),
)

test('the reference has every family of the gateway, and no other, as it is', () => {
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
