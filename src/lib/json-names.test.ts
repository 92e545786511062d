import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mayBeMisread, readObject } from './json-names.ts'

/** Names that JSON.parse confuses with each other: escaped, and with the escape's own characters in them. */
const names = ['a', 'n', 'model', 'mod\\u', 'mod\\u0', '\\', '"', '\n', '__proto__', '1', 'é']

/** A name as JSON, some of its characters escaped though they need not be. */
const written = fc
  .record({ name: fc.constantFrom(...names), escaped: fc.array(fc.boolean(), { maxLength: 8 }) })
  .map(({ name, escaped }) => {
    const characters = [...name].map((one, at) =>
      escaped[at] === true ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(one).slice(1, -1),
    )
    return { name, text: `"${characters.join('')}"` }
  })

test('what is misread is noticed, and read again as it is written', () => {
  fc.assert(
    fc.property(
      fc.array(written, { minLength: 1, maxLength: 4 }),
      fc.array(written, { minLength: 1, maxLength: 4 }),
      (outer, inner) => {
        const innerText = `{${inner.map(({ text }, at) => `${text}:${at}`).join(',')}}`
        const text = `{${outer.map(({ text: name }) => `${name}: ${innerText}`).join(' , ')} }`
        const innerObject = Object.fromEntries(inner.map(({ name }, at) => [name, at]))
        const expected = Object.fromEntries(outer.map(({ name }) => [name, innerObject]))
        assert.deepEqual(readObject(Buffer.from(text)), expected)
        const parsed: object = JSON.parse(text)
        if (JSON.stringify(parsed) === JSON.stringify(expected)) return
        assert.ok(mayBeMisread(parsed), text)
      },
    ),
    { numRuns: 3_000 },
  )
})

test('objects in lists are not looked into', () => {
  assert.equal(mayBeMisread({ messages: [{ '\\': 1 }], metadata: { a: { b: 1 } } }), false)
  assert.equal(mayBeMisread({ metadata: { a: { '\\': 1 } } }), true)
})
