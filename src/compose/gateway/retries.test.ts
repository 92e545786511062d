import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Timers } from '#ports.ts'
import { Retries } from './retries.ts'

/** Timers that somebody else winds: the delays asked for, and what runs after the last of them. */
class Wound implements Timers {
  readonly delays: number[] = []
  last: (() => void) | null = null

  after(delayMs: number, run: () => void) {
    this.delays.push(delayMs)
    this.last = run
    const cancel = () => {
      if (this.last === run) this.last = null
    }
    return { cancel }
  }

  ring(): void {
    const run = this.last
    this.last = null
    run?.()
  }
}

test('what goes on failing is begun less and less often, and at least every minute', () => {
  const timers = new Wound()
  let runs = 0
  const retries = new Retries(timers, () => {
    runs += 1
    assert.ok(!retries.isDue, 'it is being done')
    retries.failed()
  })
  retries.failed()
  for (let ring = 0; ring < 8; ring++) {
    assert.ok(retries.isDue)
    timers.ring()
  }
  assert.equal(runs, 8)
  assert.deepEqual(timers.delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

test('once it has succeeded it is not begun again, and a later failure starts anew', () => {
  const timers = new Wound()
  let runs = 0
  const retries = new Retries(timers, () => {
    runs += 1
  })
  retries.failed()
  retries.failed()
  retries.cancel()
  timers.ring()
  assert.deepEqual([runs, retries.isDue], [0, false])
  retries.failed()
  timers.ring()
  assert.deepEqual([runs, retries.isDue], [1, false])
  assert.deepEqual(timers.delays, [1000, 2000, 1000])
})
