import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeliveryOutcome, deliverWithinMs, type PendingNotification } from '#core/alerting/outbox.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { turn, VirtualTime } from '#test/journal/virtual-time.ts'
import { Lanes } from './lanes.ts'

const receiver: Receiver = { name: 'ops', language: 'en', sendResolved: true, kind: 'log' }
const [secondMs, dayMs] = [1_000, 86_400_000]

/** One message that never arrives, in an outbox of its own. Tries are told by the time that has passed. */
function laneOf(time: VirtualTime) {
  const madeAtMs = time.wallMs()
  let pending: PendingNotification | null = {
    ...{ id: 'n1', receiver: 'ops', body: '{}', tries: 0 },
    nextTryAtMs: madeAtMs,
    giveUpAtMs: madeAtMs + deliverWithinMs,
  }
  const tries: number[] = []
  const outcomes: DeliveryOutcome[] = []
  const open = () =>
    new Lanes({
      store: { nextPending: async () => pending },
      clock: time,
      timers: time,
      ids: { chance: () => 0.5 },
      async send() {
        tries.push(time.monotonicMs())
        return { ok: false, status: 503, detail: 'no', retryable: true, retryAfterMs: null }
      },
      async book(outcome) {
        outcomes.push(outcome)
        if (pending === null) return
        pending =
          outcome.state === 'pending'
            ? { ...pending, nextTryAtMs: outcome.nextTryAtMs, tries: pending.tries + 1 }
            : null
      },
      onFault: (error) => assert.fail(String(error)),
    })
  return { tries, outcomes, open }
}

for (const [where, jumpMs] of [
  ['back', -dayMs],
  ['ahead', dayMs],
] as const) {
  test(`a clock that jumps a day ${where} moves no try`, async () => {
    const time = new VirtualTime()
    const { tries, open } = laneOf(time)
    const lanes = open()
    lanes.use([receiver])
    await turn()
    await time.pass(2 * secondMs)
    assert.deepEqual(tries, [0, secondMs])
    time.setWall(jumpMs)
    await time.pass(14 * secondMs)
    assert.deepEqual(tries, [0, secondMs, 3 * secondMs, 7 * secondMs, 15 * secondMs])
    await lanes.stop()
  })

  test(`a lane that opens after its clock jumped a day ${where} tries at once, and with pauses then`, async () => {
    const time = new VirtualTime()
    const { tries, open } = laneOf(time)
    const before = open()
    before.use([receiver])
    await turn()
    await time.pass(100)
    await before.stop()
    time.setWall(jumpMs)
    const lanes = open()
    lanes.use([receiver])
    await turn()
    await time.pass(10 * secondMs)
    assert.deepEqual(tries, [0, 100, 2_100, 6_100])
    await lanes.stop()
  })
}

test('a message whose day was over before it was tried is tried some times, and then given up', async () => {
  const time = new VirtualTime()
  const { tries, outcomes, open } = laneOf(time)
  time.setWall(3 * dayMs)
  const lanes = open()
  lanes.use([receiver])
  await turn()
  await time.pass(dayMs)
  assert.equal(tries.length, 8)
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    [...Array<string>(7).fill('pending'), 'failed'],
  )
  await lanes.stop()
})
