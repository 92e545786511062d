import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closest, editDistance } from './closest.ts'

test('distances are those of the textbook', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('abc', 'abc'), 0)
  assert.equal(editDistance('kitten', 'sitting', 2), 3)
})

test('the distance is a metric', () => {
  const word = fc.stringMatching(/^[abc]{0,8}$/)
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, b), editDistance(b, a))
      assert.equal(editDistance(a, b) === 0, a === b)
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c))
    }),
  )
})

test('a limit changes nothing below it', () => {
  const word = fc.stringMatching(/^[ab]{0,8}$/)
  fc.assert(
    fc.property(word, word, fc.nat(8), (a, b, limit) => {
      assert.equal(editDistance(a, b, limit), Math.min(editDistance(a, b), limit + 1))
    }),
    { examples: [['ababa', 'bbbbbaab', 3]] },
  )
})

test('near names come best first, far ones not at all', () => {
  const names = ['gpt-4.1', 'gpt-4.1-mini', 'gpt-4o', 'claude-opus-4-5']
  assert.deepEqual(closest('gpt-4.1-mni', names, { most: 2 }), ['gpt-4.1-mini'])
  assert.deepEqual(closest('gpt-4.2', names, { most: 5 }), ['gpt-4.1', 'gpt-4o'])
  assert.deepEqual(closest('llama-3', names, { most: 5 }), [])
})
