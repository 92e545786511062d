import { setTimeout as pause } from 'node:timers/promises'

/** How long a condition may take that is sure to come: long, because a busy machine is no fault. */
const usualDeadlineMs = 15_000
const betweenLooksMs = 5

/** Waits until `look` finds something. @throws naming what was waited for, where it does not come */
export async function until<T>(
  what: string,
  look: () => T | null | Promise<T | null>,
  deadlineMs = usualDeadlineMs,
): Promise<T> {
  const endsAtMs = performance.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== null && found !== false) return found
    if (performance.now() > endsAtMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await pause(betweenLooksMs)
  }
}

/** So often in a row the same is taken for standing still. */
const looksAtRest = 20

/**
 * Waits until what is looked at does not change any more, as where buffers on the way have become full, which nobody
 * tells. It may be mistaken on a busy machine: only for tests that are sound wherever it stopped, and then prove less.
 */
export async function untilAtRest(what: string, look: () => number): Promise<void> {
  let last = Number.NaN
  let looks = 0
  await until(`${what} to be at rest`, () => {
    const now = look()
    looks = now === last ? looks + 1 : 0
    last = now
    return looks >= looksAtRest
  })
}
