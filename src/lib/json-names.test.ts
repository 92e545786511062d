import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { withPlainNames } from './json-names.ts'

type Json = number | string | readonly Json[] | { readonly [name: string]: Json }

/** A value, and a way to write it. */
interface Written {
  readonly value: Json
  readonly text: string
}

/** Names that JSON.parse confuses with each other: escaped, and with the escape's own characters in them. */
const names = ['a', 'n', 'model', 'mod\\u', 'mod\\u0', 'type', 'typ\\', '\\', '"', '\n', '__proto__', '1', 'é']

/** A name as JSON, some of its characters escaped though they need not be. */
const written = fc
  .record({ name: fc.constantFrom(...names), escaped: fc.array(fc.boolean(), { maxLength: 8 }) })
  .map(({ name, escaped }) => {
    const characters = [...name].map((one, at) =>
      escaped[at] === true ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(one).slice(1, -1),
    )
    return { name, text: `"${characters.join('')}"` }
  })

const space = fc.constantFrom('', ' ', '\n\t')

const { json } = fc.letrec<{ json: Written; list: Written; object: Written }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('x', '\\', 'a":"\\u006e', 'model":').map((value) => ({ value, text: JSON.stringify(value) })),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('json'), { maxLength: 3 }).map((items) => ({
    value: items.map(({ value }) => value),
    text: `[${items.map(({ text }) => text).join(',')}]`,
  })),
  object: fc.array(fc.tuple(written, space, tie('json')), { maxLength: 4 }).map((members) => ({
    value: Object.fromEntries(members.map(([{ name }, , { value }]) => [name, value])),
    text: `{${members.map(([{ text }, gap, { text: inner }]) => `${gap}${text}${gap}:${inner}`).join(',')}}`,
  })),
}))

/** Without the members whose names need an escape. */
function plainPart(value: Json): Json {
  if (typeof value !== 'object') return value
  if (isList(value)) return value.map(plainPart)
  const members = Object.entries(value).filter(([name]) => JSON.stringify(name) === `"${name}"`)
  return Object.fromEntries(members.map(([name, inner]) => [name, plainPart(inner)]))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function hasBackslash(value: Json): boolean {
  if (typeof value !== 'object') return false
  if (isList(value)) return value.some(hasBackslash)
  return Object.entries(value).some(([name, inner]) => name.includes('\\') || hasBackslash(inner))
}

test('names that need no escape are read as they are written, at every depth, whatever was read before', () => {
  fc.assert(
    fc.property(json, ({ value, text }) => {
      const parsed: Json = JSON.parse(withPlainNames(text))
      assert.deepEqual(plainPart(parsed), plainPart(value))
    }),
    { numRuns: 5_000 },
  )
})

test('what was misread has a name with a backslash', () => {
  let misread = 0
  fc.assert(
    fc.property(json, ({ value, text }) => {
      const parsed: Json = JSON.parse(text)
      if (JSON.stringify(parsed) === JSON.stringify(value)) return
      misread += 1
      assert.ok(hasBackslash(parsed), text)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(misread > 0, 'nothing is misread any more: this file can go')
})

test('values, and names without a needless escape, stay as they are written', () => {
  for (const text of ['{"a" : "\\u0062\\"", "c\\\\": [1.0, 1e400, "\\/"]}', '"a\\":"', '[]', '{}']) {
    assert.equal(withPlainNames(text), text)
  }
  assert.equal(withPlainNames('[{"\\u0061" :"\\u0061","\\/":{"\\u0022":1}}]'), '[{"a" :"\\u0061","/":{"\\"":1}}]')
})

test('what is not JSON does not become JSON', () => {
  const damaged = fc
    .tuple(json, fc.nat(), fc.constantFrom('', '"', '\\', ':', '{', '\n'))
    .map(([{ text }, at, mark]) => {
      const place = at % text.length
      return text.slice(0, place) + mark + text.slice(place + 1)
    })
  const isJson = (read: () => string) => {
    try {
      JSON.parse(read())
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(damaged, (text) =>
      assert.equal(
        isJson(() => withPlainNames(text)),
        isJson(() => text),
      ),
    ),
    { numRuns: 5_000 },
  )
})
