import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Crowd } from './crowd.ts'

test('it holds who came and has not gone', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 100 })
  fc.assert(
    fc.property(steps, (taken) => {
      const members = Array.from({ length: 10 }, (_, name) => ({ place: -1, name }))
      const crowd = new Crowd<(typeof members)[number]>()
      const set = new Set<number>()
      for (const [comes, name] of taken) {
        const member = members[name]
        if (member === undefined) continue
        if (comes) crowd.add(member)
        else crowd.remove(member)
        if (comes) set.add(name)
        else set.delete(name)
        assert.equal(crowd.size, set.size)
      }
      assert.deepEqual(new Set(crowd.all().map(({ name }) => name)), set)
      for (const { name, place } of members) assert.equal(place !== -1, set.has(name))
    }),
  )
})
