import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonFaultPosition } from './json-fault.ts'

function check(text: string, position: number): void {
  assert.equal(jsonFaultPosition(text), position, text)
}

test('the fault is where the text stops being JSON', () => {
  check('{"model": secret}', 10)
  check('', 0)
  check('{"a":1', 6)
  check('{"a":1}}', 7)
  check('{"a":1,}', 7)
  check('[1,]', 3)
  check('{"a" 1}', 5)
  check('{a:1}', 1)
  check('["ab\nc"]', 4)
  check('["ab\\xc"]', 4)
  check('["abc', 5)
  check('[01]', 2)
  check('[1.]', 2)
  check('tru', 0)
  check('\ufeff{}', 0)
  check("{'a':1}", 1)
})

test('it agrees with JSON.parse on what is JSON', () => {
  const nearlyJson = fc.stringMatching(/^[[\]{}":,0-9.eE\\ua tnrl-]{0,12}$/)
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '\\', '0', '\n'))
    .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1))
  fc.assert(
    fc.property(fc.oneof(nearlyJson, fc.json(), damaged), (text) => {
      let valid = true
      try {
        JSON.parse(text)
      } catch {
        valid = false
      }
      const position = jsonFaultPosition(text)
      assert.equal(position === -1, valid, text)
      assert.ok(position <= text.length)
    }),
    { numRuns: 2_000 },
  )
})

test('deep nesting and long strings are walked', () => {
  check('['.repeat(200_000), 200_000)
  check(`["${'x'.repeat(1_000_000)}",}`, 1_000_004)
})
