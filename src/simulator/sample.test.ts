import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from './json.ts'
import { randomFrom } from './random.ts'
import { sampleOf } from './sample.ts'

const cases: readonly (readonly [name: string, schema: Json, accepts: (value: Json) => boolean])[] = [
  ['an enum', { type: 'string', enum: ['a', 'b'] }, (value) => value === 'a' || value === 'b'],
  ['a constant', { const: 7 }, (value) => value === 7],
  ['bounds', { type: 'integer', minimum: 5, maximum: 6 }, (value) => value === 5 || value === 6],
  ['lengths', { type: 'string', minLength: 12, maxLength: 12 }, (value) => String(value).length === 12],
  [
    'types in capitals',
    { type: 'ARRAY', items: { type: 'BOOLEAN' }, minItems: 3 },
    (value) => {
      return Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === 'boolean')
    },
  ],
  ['a nullable type', { type: ['null', 'string'] }, (value) => typeof value === 'string'],
  ['the first of several', { anyOf: [{ type: 'null' }, { type: 'string' }] }, (value) => value === null],
  ['nothing known', {}, (value) => typeof value === 'string'],
]

for (const [name, schema, accepts] of cases) {
  test(`a sample keeps to ${name}`, () => {
    for (let seed = 0; seed < 50; seed++) assert.ok(accepts(sampleOf(schema, randomFrom(seed))))
  })
}

test('a schema that holds itself comes to an end', () => {
  const tree = { type: 'object', properties: { child: { $ref: '#' }, name: { type: 'string' } }, required: ['name'] }
  assert.match(JSON.stringify(sampleOf(tree, randomFrom(1))), /"name"/)
})
