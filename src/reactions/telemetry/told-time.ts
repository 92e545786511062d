import type { Clock } from '#ports.ts'

/** Before telemetry was first switched on, so much is told of. */
const historyMs = 15 * 60_000
/** What could not be told for so long is not told any more. */
export const longestWaitMs = 24 * 60 * 60_000

/** Which calls are told of, by when they were over. */
export class ToldTime {
  readonly #clock: Clock
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The journal is followed from no known place on: what it has of earlier times is history. */
  beginAnew(): void {
    this.#sinceMs = Math.max(this.#sinceMs, this.#clock.wallMs() - historyMs)
  }

  verdict(endedAtMs: number): 'told' | 'history' | 'too_late' {
    if (endedAtMs < this.#sinceMs) return 'history'
    return endedAtMs < this.#clock.wallMs() - longestWaitMs ? 'too_late' : 'told'
  }
}
