import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordFilter } from '#core/ledger/questions.ts'
import { parseFilter } from './fields.ts'

const filters: readonly [name: string, value: string, filter: RecordFilter][] = [
  ['department', 'sales', { on: { field: 'department' }, test: 'equals', values: ['sales'] }],
  // Values are booked without the blanks around them.
  ['department', ' sales ', { on: { field: 'department' }, test: 'equals', values: ['sales'] }],
  ['tag:team', '\tsearch', { on: { tag: 'team' }, test: 'equals', values: ['search'] }],
  ['status_code.gte', ' 400', { on: { field: 'status_code' }, test: 'from', values: ['400'] }],
  ['cost_usd.gt', ' 0.10 ', { on: { field: 'cost_usd' }, test: 'over', values: ['0.1'] }],
  ['stream.eq', 'true ', { on: { field: 'stream' }, test: 'equals', values: ['true'] }],
  // But these with them.
  ['error_message.not', ' a ', { on: { field: 'error_message' }, test: 'differs', values: [' a '] }],
  ['model_requested', ' gpt', { on: { field: 'model_requested' }, test: 'equals', values: [' gpt'] }],
  ['tag:env.not', 'prod', { on: { tag: 'env' }, test: 'differs', values: ['prod'] }],
  ['tag:env.not.eq', 'prod', { on: { tag: 'env.not' }, test: 'equals', values: ['prod'] }],
  ['tag:env.not.not', 'prod', { on: { tag: 'env.not' }, test: 'differs', values: ['prod'] }],
  ['tag:env.eq.eq', 'prod', { on: { tag: 'env.eq' }, test: 'equals', values: ['prod'] }],
]
for (const [name, value, filter] of filters) {
  test(`${name}=${JSON.stringify(value)} asks for ${JSON.stringify(filter)}`, () => {
    assert.deepEqual(parseFilter('filter', name, [value]), filter)
  })
}

test('a tag without a name is no field', () => {
  assert.throws(() => parseFilter('filter', 'tag:', ['search']), { name: 'ParameterFault' })
})
