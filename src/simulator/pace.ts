import type { Directives } from './directives.ts'

/** How fast this provider is. */
export interface Timing {
  /** From the request to the first token. */
  readonly ttftMs: number
  readonly tokensPerSecond: number
  /** Times as fast as the two above say; 0 = without waiting. */
  readonly speed: number
}

export const usualTiming: Timing = { ttftMs: 20, tokensPerSecond: 200, speed: 1 }

/** When things are due after the request; pure. */
export interface Pace {
  readonly instant: boolean
  /** Milliseconds after the request until so many tokens are out. */
  dueMs(tokens: number): number
}

const atOnce: Pace = { instant: true, dueMs: () => 0 }

export function paceOf(timing: Timing, directives: Directives): Pace {
  const asked = directives.ttftMs !== undefined || directives.tokensPerSecond !== undefined
  const speed = directives.speed ?? (asked && timing.speed === 0 ? 1 : timing.speed)
  if (speed === 0) return atOnce
  const ttftMs = (directives.ttftMs ?? timing.ttftMs) / speed
  const msPerToken = 1000 / ((directives.tokensPerSecond ?? timing.tokensPerSecond) * speed)
  return { instant: false, dueMs: (tokens) => ttftMs + tokens * msPerToken }
}
