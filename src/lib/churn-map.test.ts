import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChurnMap } from './churn-map.ts'

type Step = readonly ['set' | 'delete', key: number, value: number]

const steps = fc.array(
  fc.tuple(fc.constantFrom<Step[0]>('set', 'delete'), fc.nat(12), fc.nat()) as fc.Arbitrary<Step>,
  { maxLength: 200 },
)

test('what stays among thousands that go is found where it was', () => {
  const churn = new ChurnMap<string, number>()
  for (let number = 0; number < 10_000; number += 1) {
    churn.set(`call ${number}`, number)
    if (number >= 3) churn.delete(`call ${number - 3}`)
    assert.equal(churn.firstKey(), `call ${Math.max(0, number - 2)}`)
  }
  assert.deepEqual(churn.keys(), ['call 9997', 'call 9998', 'call 9999'])
  assert.deepEqual(churn.values(), [9997, 9998, 9999])
})

test('it does what a Map does', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const map = new Map<number, number>()
      const churn = new ChurnMap<number, number>()
      for (const [what, key, value] of taken) {
        if (what === 'set') map.set(key, value)
        else map.delete(key)
        if (what === 'set') churn.set(key, value)
        else churn.delete(key)
        assert.equal(churn.get(key), map.get(key))
        assert.equal(churn.size, map.size)
      }
      assert.equal(churn.firstKey(), [...map.keys()][0])
      assert.deepEqual(churn.keys(), [...map.keys()])
      assert.deepEqual(churn.values(), [...map.values()])
    }),
  )
})
