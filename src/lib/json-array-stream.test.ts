import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonArrayReader } from './json-array-stream.ts'

function read(bytes: Buffer, cuts: readonly number[], maxElementBytes = 1 << 20) {
  const elements: unknown[] = []
  const reader = new JsonArrayReader((element) => elements.push(JSON.parse(element.toString('utf8'))), {
    maxElementBytes,
  })
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  for (const [index, from] of [0, ...places].entries()) reader.push(bytes.subarray(from, places[index] ?? bytes.length))
  return { elements, oversized: reader.oversized, closed: reader.closed }
}

const objects = fc.array(
  fc.dictionary(fc.string(), fc.jsonValue()).map((object) => JSON.parse(JSON.stringify(object))),
  { maxLength: 6 },
)
const cuts = fc.array(fc.nat(2000), { maxLength: 20 })

test('gives every object of an array once and in order, whatever the cuts', () => {
  fc.assert(
    fc.property(objects, cuts, fc.constantFrom(0, 2), (values, at, indent) => {
      const seen = read(Buffer.from(JSON.stringify(values, null, indent)), at)
      assert.deepEqual(seen, { elements: values, oversized: 0, closed: true })
    }),
    { numRuns: 2000 },
  )
})

test('quotes, brackets and backslashes inside strings cut at every byte', () => {
  const values = [{ a: '"}]\\"\\\\' }, { b: ['\\', '[{', { c: '\\\\"' }] }]
  const bytes = Buffer.from(JSON.stringify(values))
  for (let at = 0; at <= bytes.length; at += 1) assert.deepEqual(read(bytes, [at]).elements, values)
})

test('an element over the limit is counted and left out', () => {
  const bytes = Buffer.from(JSON.stringify([{ a: 1 }, { b: 'x'.repeat(50) }, { c: 3 }]))
  for (let at = 0; at <= bytes.length; at += 1) {
    assert.deepEqual(read(bytes, [at], 40), { elements: [{ a: 1 }, { c: 3 }], oversized: 1, closed: true })
  }
})
