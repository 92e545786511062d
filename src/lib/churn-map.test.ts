import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChurnMap } from './churn-map.ts'

type Step<Key> = readonly ['set' | 'delete', key: Key, value: number]

function stepsOf<Key>(keys: fc.Arbitrary<Key>): fc.Arbitrary<readonly Step<Key>[]> {
  return fc.array(fc.tuple(fc.constantFrom<Step<Key>[0]>('set', 'delete'), keys, fc.nat()), { maxLength: 200 })
}

/** Texts of one length with one end are told apart by nothing but all of them. */
const texts = fc.constantFrom('', 'a', 'b', ...['1', '2', '3', '4'].map((begin) => `${begin}-same-end`))

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

function doesWhatMapDoes<Key>(keys: fc.Arbitrary<Key>): void {
  fc.assert(
    fc.property(stepsOf(keys), (taken) => {
      const map = new Map<Key, number>()
      const churn = new ChurnMap<Key, number>()
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
}

test('it does what a Map does', () => doesWhatMapDoes(fc.nat(12)))

test('it does so for texts, also for those that end alike', () => doesWhatMapDoes(texts))
