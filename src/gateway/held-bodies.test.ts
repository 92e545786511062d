import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldBodies } from './held-bodies.ts'

const call = { 1: {}, 2: {}, 3: {}, 4: {}, 5: {} }

function held(bytes: number) {
  const fired: (() => void)[] = []
  let cancelled = 0
  const bodies = new HeldBodies({
    after: (_delayMs, run) => {
      fired.push(run)
      return {
        cancel: () => {
          cancelled += 1
        },
      }
    },
  })
  bodies.configure(bytes)
  return { bodies, timeUp: () => fired.shift()?.(), cancelled: () => cancelled }
}

test('who finds no room waits until a call is over', async () => {
  const { bodies, cancelled } = held(100)
  assert.equal(bodies.roomFor(call[1], 'a').enter(50), true)
  const waits = bodies.roomFor(call[2], 'a').enter(50)
  assert.equal(bodies.roomFor(call[3], 'b').enter(20), true, 'another key has some left')
  bodies.leave(call[1])
  bodies.leave(call[3])
  assert.equal(await waits, true)
  assert.equal(cancelled(), 1)
})

test('who has waited long enough is sent away, and keeps nobody from coming in', async () => {
  const { bodies, timeUp } = held(100)
  assert.equal(bodies.roomFor(call[1], 'a').enter(50), true)
  const waits = bodies.roomFor(call[2], 'b').enter(60)
  timeUp()
  assert.equal(await waits, false)
  bodies.leave(call[2])
  assert.equal(bodies.roomFor(call[3], 'b').enter(20), true)
  // Whatever was never there, or has left, takes and gives nothing.
  bodies.leave(call[2])
  bodies.leave(call[4])
  bodies.leave(call[3])
  bodies.leave(call[1])
  assert.equal(bodies.roomFor(call[5], 'c').enter(100), true)
})

test('what came to less than was asked for leaves room to others', async () => {
  const { bodies } = held(100)
  const room = bodies.roomFor(call[1], 'a')
  assert.equal(room.enter(50), true)
  const waits = bodies.roomFor(call[2], 'a').enter(40)
  room.shrink(5)
  assert.equal(await waits, true)
})

test('who leaves while it waits leaves nothing behind, nor does who waits when all is to stop', async () => {
  const { bodies, cancelled } = held(100)
  assert.equal(bodies.roomFor(call[1], 'a').enter(50), true)
  const waits = [2, 3].map((at) => bodies.roomFor(call[at as 2 | 3], 'b').enter(60))
  bodies.leave(call[2])
  assert.equal(await waits[0], false)
  assert.equal(cancelled(), 1)
  bodies.stopWaiting()
  assert.equal(await waits[1], false)
  assert.equal(cancelled(), 2)
  assert.equal(bodies.roomFor(call[4], 'c').enter(1), false)
})
