import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SharedRoom, type Stay } from './shared-room.ts'

/** Who is inside, in the order in which they came in. */
function roomOf(size: number) {
  const room = new SharedRoom(size)
  const inside: string[] = []
  const enter = (name: string, bytes: number): Stay => {
    const stay = room.enter(name.charAt(0), bytes, () => inside.push(name))
    if (stay.inside) inside.push(name)
    return stay
  }
  return { room, inside, enter }
}

test('one alone has half of it, and whoever comes next finds some', () => {
  const { inside, enter } = roomOf(60)
  const first = enter('a1', 10)
  for (const name of ['a2', 'a3', 'a4', 'a5', 'b1', 'b2']) enter(name, 10)
  assert.deepEqual(inside, ['a1', 'a2', 'a3', 'b1'])
  first.leave()
  assert.deepEqual(inside, ['a1', 'a2', 'a3', 'b1', 'b2'], 'whoever has less comes first')
})

test('what is larger than its share would ever be comes in alone', () => {
  const { inside, enter } = roomOf(10)
  const first = enter('a1', 1)
  const large = enter('b1', 100)
  enter('a2', 1)
  assert.deepEqual(inside, ['a1', 'a2'])
  first.leave()
  enter('a3', 1).leave()
  assert.equal(large.inside, false)
  const { inside: alone, enter: come } = roomOf(10)
  come('b1', 100).leave()
  assert.deepEqual(alone, ['b1'])
})

test('who leaves while it waits is passed, and who shrinks makes room', () => {
  const { room, inside, enter } = roomOf(40)
  const first = enter('a1', 20)
  enter('a2', 10).leave()
  enter('a3', 10)
  first.shrink(5)
  assert.deepEqual(inside, ['a1', 'a3'])
  enter('a4', 10)
  room.resize(80)
  assert.deepEqual(inside, ['a1', 'a3', 'a4'])
})

test('who is forced in is in, and others wait for as much more', () => {
  const { inside, enter } = roomOf(40)
  const first = enter('a1', 20)
  const second = enter('a2', 20)
  enter('a3', 5)
  second.force()
  second.force()
  assert.deepEqual(inside, ['a1', 'a2'])
  first.leave()
  assert.deepEqual(inside, ['a1', 'a2'])
  second.leave()
  assert.deepEqual(inside, ['a1', 'a2', 'a3'])
})

test('there is never more inside than there is room, and nobody waits in an empty one', () => {
  const come = fc.record({ from: fc.constantFrom('a', 'b', 'c'), size: fc.integer({ min: 1, max: 60 }) })
  const step = fc.oneof(come, fc.record({ leaves: fc.nat(30), shrinksTo: fc.option(fc.nat(60)) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const room = new SharedRoom(100)
      const stays: { size: number; stay: Stay }[] = []
      const inside = () => stays.filter(({ stay }) => stay.inside)
      for (const next of steps) {
        if ('from' in next) stays.push({ size: next.size, stay: room.enter(next.from, next.size, () => {}) })
        else {
          const at = stays[next.leaves]
          if (at === undefined) continue
          if (next.shrinksTo === null) {
            at.stay.leave()
            stays.splice(next.leaves, 1)
          } else {
            at.stay.shrink(next.shrinksTo)
            if (at.stay.inside) at.size = Math.min(at.size, next.shrinksTo)
          }
        }
        const taken = inside().reduce((sum, { size }) => sum + size, 0)
        assert.ok(taken <= 100, `${taken}`)
        assert.ok(inside().length > 0 || stays.length === 0)
      }
    }),
  )
})
