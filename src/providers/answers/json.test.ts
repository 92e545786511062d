import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { longestModel, longestResponseId } from '#core/ledger/entry-bounds.ts'
import { countOf, idOf, nameOf } from './json.ts'

test('ids are kept as they are, too long ones by a text of their own', () => {
  const part = fc.string({ unit: 'binary', maxLength: 40 })
  const id = fc.tuple(part, fc.nat(40), part).map(([start, count, end]) => `${start.repeat(count)}${end}`)
  fc.assert(
    fc.property(id, id, (a, b) => {
      const [kept, other] = [idOf(a) ?? '', idOf(b) ?? '']
      assert.ok(kept.length <= longestResponseId)
      if (a.length <= longestResponseId) assert.equal(kept, a)
      if (a.isWellFormed() && b.isWellFormed()) assert.equal(kept === other, a === b)
    }),
  )
  assert.notEqual(idOf(`${'a'.repeat(600)}1`), idOf(`${'a'.repeat(600)}2`))
  for (const none of ['', null, undefined, 7, {}]) assert.equal(idOf(none), undefined)
})

test('names are cut, and halves of characters do not stay', () => {
  assert.equal(nameOf('gpt-4.1'), 'gpt-4.1')
  assert.equal(nameOf(`${'a'.repeat(longestModel - 1)}🙂`), `${'a'.repeat(longestModel - 1)}\ufffd`)
  assert.equal(nameOf(''), undefined)
})

test('a count is a whole number that a call can have, and nothing else is taken for one', () => {
  for (const count of [0, 1, 1e12]) assert.equal(countOf(count), count)
  for (const none of [-1, 0.5, 1e12 + 1, Number.NaN, Infinity, '7', 7n, true, null, undefined, [], {}])
    assert.equal(countOf(none), undefined, String(none))
})
