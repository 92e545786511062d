import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type JsonBounds, jsonExcess } from './json-bulk.ts'

const boundless: JsonBounds = { depth: 100_000, members: 1e9, values: 1e9, shapes: 100_000 }

/** What the value has of all that is bounded. */
function structureOf(root: unknown): JsonBounds {
  const found = { depth: 0, members: 0, values: 1 }
  const shapes = new Set<string>()
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return
    const names = Array.isArray(value) ? [] : Object.keys(value)
    const inner: readonly unknown[] = Object.values(value)
    found.depth = Math.max(found.depth, depth)
    found.members = Math.max(found.members, names.length)
    found.values += 1 + Math.max(0, inner.length - 1)
    for (const [at] of names.entries()) shapes.add(JSON.stringify(names.slice(0, at + 1)))
    for (const one of inner) walk(one, depth + 1)
  }
  walk(root, 1)
  return { ...found, shapes: shapes.size }
}

const kinds = ['depth', 'members', 'values', 'shapes'] as const

test('it is exact to the last one of what JSON.parse makes of the text', () => {
  const few = fc.constantFrom('a', 'b', 'c', 'é', 'a"', 'a\\', '0', '1', '{', ':', 'x'.repeat(60))
  const nested = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.constantFrom(null, true, '"'.repeat(70), '\\'.repeat(99))),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(few, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  fc.assert(
    fc.property(fc.oneof(nested, fc.jsonValue()), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      const has = structureOf(JSON.parse(text))
      assert.equal(jsonExcess(Buffer.from(text), has), null)
      for (const kind of kinds) {
        // Every text has one value.
        if (has[kind] <= (kind === 'values' ? 1 : 0)) continue
        assert.equal(jsonExcess(Buffer.from(text), { ...boundless, [kind]: has[kind] - 1 }), kind)
      }
    }),
    { numRuns: 300 },
  )
})

test('cut, damaged and arbitrary bytes have an answer', () => {
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '\\', ':', '{', '\n'))
    .map(([text, at, cut, put]) => {
      const place = at % (text.length + 1)
      return Buffer.from((text.slice(0, place) + put + text.slice(place + 1)).slice(0, 1 + (cut % (text.length + 1))))
    })
  const marks = fc.stringMatching(/^["\\{}[\],:1 ]{0,40}$/).map((text) => Buffer.from(text))
  const bytes = fc.uint8Array().map((array) => Buffer.from(array))
  const bounds = fc.record({ depth: fc.nat(9), members: fc.nat(9), values: fc.nat(9), shapes: fc.nat(9) })
  fc.assert(
    fc.property(fc.oneof(damaged, marks, bytes), bounds, (body, most) => {
      const excess = jsonExcess(body, most)
      assert.ok(excess === null || kinds.includes(excess))
    }),
    { numRuns: 2_000 },
  )
})

test('repeated names count as members, and as names of one shape', () => {
  const text = Buffer.from(`[${Array.from({ length: 5_000 }, () => '{"a":1,"a":2,"b":[]}').join(',')}]`)
  assert.equal(jsonExcess(text, { ...boundless, members: 3, shapes: 3 }), null)
  assert.equal(jsonExcess(text, { ...boundless, members: 2 }), 'members')
  assert.equal(jsonExcess(text, { ...boundless, shapes: 2 }), 'shapes')
})
