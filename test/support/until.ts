import { setTimeout as pause } from 'node:timers/promises'

/** How long a condition may take that is sure to come: long, because a busy machine is no fault. */
const deadlineMs = 15_000
const betweenLooksMs = 5

/** Waits until `look` finds something. @throws naming what was waited for, where it does not come */
export async function until<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  const endsAtMs = performance.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== null && found !== false) return found
    if (performance.now() > endsAtMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await pause(betweenLooksMs)
  }
}
