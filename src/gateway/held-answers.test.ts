import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldAnswers } from './held-answers.ts'

const call = { 1: {}, 2: {}, 3: {}, 4: {}, 5: {} }

function held(bytes: number) {
  const fired: (() => void)[] = []
  let cancelled = 0
  const answers = new HeldAnswers({
    after: (_delayMs, run) => {
      fired.push(run)
      return {
        cancel: () => {
          cancelled += 1
        },
      }
    },
  })
  answers.configure(bytes)
  return { answers, timeUp: () => fired.shift()?.(), cancelled: () => cancelled }
}

test('where all of a key wait for one another, the first goes on, and the others behind it', async () => {
  const { answers } = held(100)
  assert.deepEqual([answers.grow(call[1], 'a', 20), answers.grow(call[2], 'a', 20)], [true, true])
  const second = answers.grow(call[2], 'a', 40)
  assert.equal(await answers.grow(call[1], 'a', 40), true, 'beyond its share')
  answers.whole(call[1])
  let went = false
  void Promise.resolve(second).then(() => {
    went = true
  })
  await Promise.resolve()
  assert.equal(went, false, 'while its caller has not taken it')
  answers.leave(call[1])
  assert.equal(await second, true)
  answers.whole(call[2])
  answers.leave(call[2])
  assert.equal(answers.has(call[2]), false)
  assert.equal(answers.grow(call[3], 'b', 50), true, 'all is given back')
})

test('where callers do not take what is whole, the others are told so in the end', async () => {
  const { answers, timeUp } = held(100)
  assert.equal(answers.grow(call[1], 'a', 50), true)
  answers.whole(call[1])
  const waits = answers.grow(call[2], 'a', 10)
  assert.equal(answers.grow(call[3], 'b', 20), true, 'another key has some left')
  timeUp()
  assert.equal(await waits, false)
  for (const one of Object.values(call)) answers.leave(one)
  assert.equal(answers.grow(call[5], 'c', 50), true)
})

test('what is over while it waits for room leaves nothing behind', () => {
  const { answers, cancelled } = held(100)
  assert.equal(answers.grow(call[1], 'a', 50), true)
  answers.whole(call[1])
  void answers.grow(call[2], 'a', 10)
  answers.leave(call[2])
  assert.equal(cancelled(), 1)
})
