import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { verdictOf } from './backoff.ts'

const dayMs = 86_400_000
const failed = { ok: false, status: 503, detail: 'no', retryable: true, retryAfterMs: null } as const
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('what arrived is delivered, what is refused for good is given up at once', () => {
  const tried = { tries: 0, nowMs: 5, giveUpAtMs: dayMs, chance: 0 }
  assert.equal(verdictOf({ ...tried, answer: { ok: true, status: 200, detail: '' } }).state, 'delivered')
  assert.equal(verdictOf({ ...tried, answer: { ...failed, retryable: false } }).state, 'failed')
})

test('pauses double from about a second to about a quarter of an hour', () => {
  const pauses = [0, 1, 2, 9, 10, 500].map((tries) => {
    const { nextTryAtMs } = verdictOf({ answer: failed, tries, nowMs: 0, giveUpAtMs: dayMs, chance: 0.5 })
    return nextTryAtMs
  })
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 512_000, 900_000, 900_000])
})

test('chance moves a pause by a quarter, to either side', () => {
  fc.assert(
    fc.property(chance, fc.nat({ max: 2_000 }), (luck, tries) => {
      const usual = Math.min(900_000, 1_000 * 2 ** Math.min(tries, 20))
      const { nextTryAtMs } = verdictOf({ answer: failed, tries, nowMs: 0, giveUpAtMs: dayMs, chance: luck })
      assert.ok(nextTryAtMs >= Math.floor(usual * 0.75) && nextTryAtMs <= Math.ceil(usual * 1.25))
    }),
  )
})

test('a receiver that says when to come again is obeyed', () => {
  const answer = { ...failed, status: 429, retryAfterMs: 7_000 }
  assert.equal(verdictOf({ answer, tries: 9, nowMs: 10, giveUpAtMs: dayMs, chance: 0.9 }).nextTryAtMs, 7_010)
})

test('a message whose time was over before it was tried has some tries all the same', () => {
  let nowMs = 3 * dayMs
  let tries = 0
  for (; ; tries++) {
    const verdict = verdictOf({ answer: failed, tries, nowMs, giveUpAtMs: dayMs, chance: 1 })
    if (verdict.state === 'failed') break
    assert.ok(verdict.nextTryAtMs > nowMs)
    nowMs = verdict.nextTryAtMs
  }
  assert.equal(tries, 7)
  assert.ok(nowMs < 3 * dayMs + 300_000)
})

test('whatever the receiver does, a message ends with its day or a few tries later, and is tried at its end', () => {
  const answers = fc.constantFrom(failed, { ...failed, retryAfterMs: 10 * dayMs }, { ...failed, retryAfterMs: 0 })
  fc.assert(
    fc.property(fc.array(fc.tuple(answers, chance), { minLength: 400, maxLength: 400 }), (tries) => {
      let nowMs = 0
      for (const [index, [answer, luck]] of tries.entries()) {
        const verdict = verdictOf({ answer, tries: index, nowMs, giveUpAtMs: dayMs, chance: luck })
        if (verdict.state === 'failed') return assert.ok(index < 8 ? nowMs < dayMs + 300_000 : nowMs >= dayMs)
        assert.ok(verdict.nextTryAtMs >= nowMs && (verdict.nextTryAtMs <= dayMs || index < 8))
        nowMs = verdict.nextTryAtMs
      }
      // So many tries at "at once" take less than a day.
      return assert.ok(nowMs < dayMs)
    }),
  )
})
