import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSystemIds } from './system.ts'

test('call ids are unique and sort as they were made, within a millisecond and across', () => {
  const ids = makeSystemIds()
  const made: string[] = []
  for (let ms = 1_760_000_000_000; ms < 1_760_000_000_020; ms++) {
    for (let i = 0; i < 500; i++) made.push(ids.callId(ms))
  }
  assert.equal(new Set(made).size, made.length)
  assert.deepEqual(made, [...made].sort())
})

test('a call id is a ULID whose first ten characters are the time', () => {
  const id = makeSystemIds().callId(2 * 32 ** 7 + 31)
  assert.match(id, /^[0-9A-HJKMNP-TV-Z]{26}$/)
  assert.equal(id.slice(0, 10), '002000000Z')
})

test('more ids in one millisecond than its counter holds stay unique, and sorted', () => {
  const ids = makeSystemIds()
  const made = new Set<string>()
  let last = ''
  let sorted = true
  for (let i = 0; i < 1_100_000; i++) {
    const id = ids.callId(1_760_000_000_000)
    sorted &&= id > last
    last = id
    made.add(id)
  }
  assert.equal(made.size, 1_100_000)
  assert.ok(sorted)
})

test('two instances never make the same id', () => {
  const [left, right] = [makeSystemIds(), makeSystemIds()]
  assert.notEqual(left.callId(5), right.callId(5))
})

test('ids are unique and sort as they were made also where the clock jumps, back or ahead', () => {
  const ids = makeSystemIds()
  const made = [10, 11, 10, 11, 9_000_000, 5, 5, 9_000_000, 9_000_001, 10].map((ms) => ids.callId(ms))
  assert.equal(new Set(made).size, made.length)
  assert.deepEqual(made, [...made].sort())
})
