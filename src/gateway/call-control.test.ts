import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualTime } from '#test/journal/virtual-time.ts'
import { CallControl, RunningCalls } from './call-control.ts'

/** A call, and what of its work was aborted. */
function callWith() {
  const aborted: string[] = []
  const work = (name: string) => ({ abort: () => void aborted.push(name) })
  return { control: new CallControl(), aborted, work, time: new VirtualTime() }
}

test('an upstream at work may go on for a while when the caller leaves, a wait may not', async () => {
  const { control, aborted, work, time } = callWith()
  control.whileRunning(work('first'))
  control.whileWaiting(work('wait'))
  control.whileRunning(work('second'))
  control.callerLeft(time, 100)
  await time.pass(99)
  assert.deepEqual(aborted, [])
  await time.pass(1)
  assert.deepEqual(aborted, ['second'])

  const waiting = callWith()
  waiting.control.whileWaiting(waiting.work('wait'))
  waiting.control.callerLeft(waiting.time, 100)
  assert.deepEqual(waiting.aborted, ['wait'])
})

test('once the upstream has ended nobody aborts it for a caller who leaves, or who left', async () => {
  for (const leavesFirst of [true, false]) {
    const { control, aborted, work, time } = callWith()
    control.whileRunning(work('answer'))
    if (leavesFirst) control.callerLeft(time, 100)
    control.upstreamEnded()
    if (!leavesFirst) control.callerLeft(time, 100)
    await time.pass(200)
    assert.deepEqual(aborted, [], String(leavesFirst))
  }
})

test('what an interrupted call begins later is aborted too', () => {
  const { control, aborted, work } = callWith()
  assert.equal(control.interrupted, false)
  control.whileRunning(work('first'))
  control.interrupt()
  control.whileRunning(work('second'))
  assert.deepEqual([control.interrupted, aborted], [true, ['first', 'second']])
})

test('a stop waits for the calls under way, all of which can be ended', async () => {
  const running = new RunningCalls()
  await running.idle()
  const calls = [new CallControl(), new CallControl()] as const
  for (const call of calls) running.add(call)
  let idle = false
  const stopped = running.idle().then(() => {
    idle = true
  })
  running.interruptAll()
  assert.deepEqual([running.count, ...calls.map(({ interrupted }) => interrupted)], [2, true, true])
  running.remove(calls[0])
  await Promise.resolve()
  assert.equal(idle, false)
  running.remove(calls[1])
  await stopped
})
