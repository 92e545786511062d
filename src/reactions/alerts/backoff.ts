import type { DeliveryAnswer } from '#core/alerting/delivery.ts'
import type { DeliveryState } from '#core/alerting/outbox.ts'

interface Tried {
  readonly answer: DeliveryAnswer
  /** Before this one. */
  readonly tries: number
  readonly nowMs: number
  readonly giveUpAtMs: number
  /** Uniform in [0, 1). */
  readonly chance: number
}

const firstPauseMs = 1_000
const longestPauseMs = 900_000
/** A machine that slept, or whose clock was set, finds the time up that it never had. These take some four minutes. */
const leastTries = 8

/** What follows from a try. Pure. Pauses double, with a quarter of chance on either side, and end in giving up. */
export function verdictOf({ answer, tries, nowMs, giveUpAtMs, chance }: Tried): {
  readonly state: DeliveryState
  readonly nextTryAtMs: number
} {
  if (answer.ok) return { state: 'delivered', nextTryAtMs: nowMs }
  const late = nowMs >= giveUpAtMs
  if (!answer.retryable || (late && tries + 1 >= leastTries)) return { state: 'failed', nextTryAtMs: nowMs }
  const usualMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 20)) * (0.75 + chance / 2)
  if (late) return { state: 'pending', nextTryAtMs: nowMs + Math.round(usualMs) }
  // Somebody who says "at once" is not taken at his word: it would go on for a day.
  const pauseMs = Math.round(answer.retryAfterMs === null ? usualMs : Math.max(firstPauseMs, answer.retryAfterMs))
  // The last try is when the time is up, not after it.
  return { state: 'pending', nextTryAtMs: Math.min(nowMs + pauseMs, giveUpAtMs) }
}
