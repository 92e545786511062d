import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Attributed, attribute } from './attribute.ts'
import { defaultMayOverride } from './may-override.ts'
import {
  emptyPayer,
  type OverridableField,
  overridableFields,
  type Payer,
  payerFields,
  payerProperty,
} from './payer.ts'
import type { Said } from './said.ts'

// Few values, so that sources often agree with each other and with the key.
const value = fc.constantFrom('', 'a', 'b', 'c')
const tagName = fc.constantFrom('env', 'team', '__proto__', 'constructor')
const tags = fc
  .uniqueArray(fc.tuple(tagName, fc.constantFrom('1', '2')), { selector: ([name]) => name })
  .map((pairs): Record<string, string> => Object.fromEntries(pairs))
const scalars = Object.fromEntries(payerFields.map((field) => [payerProperty[field], value]))
const payer = fc.record({ ...scalars, tags }).map((record): Payer => ({ ...emptyPayer, ...record }))
const said = fc.option(
  fc.record({ ...scalars, tags }, { requiredKeys: [] }).map((record): Said => ({ ...record })),
  { nil: null },
)
const mayOverride = fc.subarray([...overridableFields]).map((fields) => new Set<OverridableField>(fields))
const sources = fc.record({
  key: fc.record({ attribution: payer, mayOverride }),
  claims: said,
  metadata: said,
  headers: said,
})

/** The rule in its plainest form: lay one source after the other over the key, field by field. */
function naive({ key, claims, metadata, headers }: Parameters<typeof attribute>[0]): Attributed {
  let result: Payer = key.attribution
  const denied = new Set<OverridableField>()
  for (const source of [claims, metadata, headers]) {
    for (const field of payerFields) {
      const text = source?.[payerProperty[field]] ?? ''
      if (text === '') continue
      if (key.mayOverride.has(field)) result = { ...result, [payerProperty[field]]: text }
      else if (text !== key.attribution[payerProperty[field]]) denied.add(field)
    }
    for (const [name, text] of Object.entries(source?.tags ?? {})) {
      if (key.mayOverride.has('tags')) {
        result = { ...result, tags: Object.fromEntries([...Object.entries(result.tags), [name, text]]) }
      } else if (!Object.entries(key.attribution.tags).some(([own, its]) => own === name && its === text)) {
        denied.add('tags')
      }
    }
  }
  return { payer: result, denied: overridableFields.filter((field) => denied.has(field)) }
}

const plain = (payer: Payer) => ({ ...payer, tags: Object.entries(payer.tags).toSorted() })

test('attribution is as the plain rule has it', () => {
  fc.assert(
    fc.property(sources, (all) => {
      const [got, expected] = [attribute(all), naive(all)]
      assert.deepEqual(plain(got.payer), plain(expected.payer))
      assert.deepEqual(got.denied, expected.denied)
    }),
    { numRuns: 2000 },
  )
})

test('a field that the key locks keeps its value, whoever asks', () => {
  fc.assert(
    fc.property(sources, (all) => {
      const { payer } = attribute(all)
      for (const field of payerFields) {
        if (all.key.mayOverride.has(field)) continue
        assert.equal(payer[payerProperty[field]], all.key.attribution[payerProperty[field]])
      }
      if (!all.key.mayOverride.has('tags')) assert.deepEqual(payer.tags, all.key.attribution.tags)
    }),
  )
})

test('only locked fields are denied, and what the key says anyway is no attempt', () => {
  fc.assert(
    fc.property(sources, (all) => {
      for (const field of attribute(all).denied) assert.ok(!all.key.mayOverride.has(field))
      const echo = all.key.attribution
      assert.deepEqual(attribute({ key: all.key, claims: echo, metadata: echo, headers: echo }), {
        payer: echo,
        denied: [],
      })
    }),
  )
})

test('where only the key speaks, its own object is the answer', () => {
  const key = { attribution: { ...emptyPayer, project: 'p' }, mayOverride: new Set(overridableFields) }
  assert.equal(attribute({ key, claims: null, metadata: null, headers: null }).payer, key.attribution)
})

test('inputs are left as they were', () => {
  fc.assert(
    fc.property(sources, (all) => {
      const before = structuredClone(all)
      attribute(all)
      assert.deepEqual(structuredClone(all), before)
    }),
  )
})

test('without a list, what the key names for the owner of the cost is locked, and nothing else', () => {
  fc.assert(
    fc.property(payer, (attribution) => {
      const free = new Set(defaultMayOverride(attribution))
      for (const field of ['user_id', 'session_id', 'feature_flag', 'request_path', 'tags'] as const) {
        assert.ok(free.has(field))
      }
      for (const field of ['department', 'project', 'cost_center'] as const) {
        assert.equal(free.has(field), attribution[payerProperty[field]] === '', field)
      }
      assert.equal(free.size, defaultMayOverride(attribution).length, 'each once')
    }),
  )
})
