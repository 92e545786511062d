import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Turns } from './turns.ts'

test('who comes from different places takes turns, and stays in order by itself', () => {
  const turns = new Turns<string>()
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) turns.add(item.charAt(0), item)
  const taken = [turns.take(), turns.take()]
  turns.add('d', 'd1')
  for (let item = turns.take(); item !== undefined; item = turns.take()) taken.push(item)
  assert.deepEqual(taken, ['a1', 'b1', 'c1', 'a2', 'd1', 'c2', 'a3'])
})

test('whoever waits is passed by everybody else once at most', () => {
  const from = fc.constantFrom('a', 'b', 'c', 'd')
  fc.assert(
    fc.property(fc.array(fc.option(from), { maxLength: 200 }), (steps) => {
      const turns = new Turns<{ from: string; passedBy: string[] }>()
      const waiting = new Set<{ from: string; passedBy: string[] }>()
      for (const step of steps) {
        if (step !== null) {
          const item = { from: step, passedBy: [] }
          turns.add(step, item)
          if (![...waiting].some((other) => other.from === step)) waiting.add(item)
          continue
        }
        const taken = turns.take()
        if (taken === undefined) continue
        waiting.delete(taken)
        for (const other of waiting) other.passedBy.push(taken.from)
      }
      for (const { passedBy } of waiting) assert.equal(new Set(passedBy).size, passedBy.length)
    }),
  )
})
