import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Family, type FamilyType, familiesOf } from './family.ts'
import { mergeFamilies } from './merge-families.ts'

function family(name: string, type: FamilyType, samples: readonly (readonly [role: string, value: number])[]): Family {
  return { name, help: 'h', type, values: samples.map(([role, value]) => ({ labels: { role }, value })) }
}

test('one name of two processes is one family with the samples of both', () => {
  const merged = mergeFamilies([
    [family('a', 'gauge', [['gateway', 1]]), family('b', 'gauge', [['gateway', 2]])],
    [family('c', 'gauge', [['console', 5]]), family('a', 'gauge', [['console', 3]])],
  ])
  assert.deepEqual(
    merged.map(({ name, values }) => [name, values.map(({ labels, value }) => [labels['role'], value])]),
    [
      [
        'a',
        [
          ['gateway', 1],
          ['console', 3],
        ],
      ],
      ['b', [['gateway', 2]]],
      ['c', [['console', 5]]],
    ],
  )
})

test('the first is right where two contradict each other', () => {
  const [merged, ...more] = mergeFamilies([
    [family('a', 'counter', [['gateway', 1]])],
    [
      family('a', 'counter', [
        ['gateway', 9],
        ['console', 2],
      ]),
    ],
    [family('a', 'gauge', [['third', 7]])],
  ])
  assert.deepEqual(more, [])
  assert.equal(merged?.type, 'counter')
  assert.deepEqual(
    merged?.values.map(({ value }) => value),
    [1, 2],
  )
})

test('no name and no sample is there twice, and none is lost', () => {
  const families = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.nat()), { maxLength: 3 }),
    ),
    { maxLength: 3 },
  )
  fc.assert(
    fc.property(fc.array(families, { maxLength: 3 }), (sources) => {
      const unique = (samples: readonly (readonly [string, number])[]) =>
        [...new Map(samples)].map(([role, value]) => [role, value] as const)
      const given = sources.map((source) =>
        [...new Map(source)].map(([name, samples]) => family(name, 'gauge', unique(samples))),
      )
      const merged = mergeFamilies(given)
      const keys = merged.flatMap(({ name, values }) => values.map(({ labels }) => `${name} ${labels['role']}`))
      const all = given.flat().flatMap(({ name, values }) => values.map(({ labels }) => `${name} ${labels['role']}`))
      assert.equal(new Set(merged.map(({ name }) => name)).size, merged.length)
      assert.equal(new Set(keys).size, keys.length)
      assert.deepEqual(new Set(keys), new Set(all))
    }),
  )
})

test('what a process says that is no metric is left out', () => {
  const said = [
    null,
    { name: 'x' },
    {
      name: 'y',
      type: 'counter',
      help: 'h',
      values: [
        { value: null, labels: {} },
        { value: 1, labels: { a: 'b' } },
      ],
    },
    { name: 'nodejs_active_handles_total', type: 'gauge', help: 'h', values: [] },
  ]
  assert.deepEqual(familiesOf(said), [
    { name: 'y', type: 'counter', help: 'h', values: [{ value: 1, labels: { a: 'b' } }] },
  ])
})
