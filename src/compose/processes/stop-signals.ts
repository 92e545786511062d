/**
 * A signal to a group of processes comes twice where a leader of the group passes on what it gets, as `npm start` does: it
 * has to, since it does not know whether it alone was meant. Nobody who wants a stop at once presses twice so quickly.
 */
const sameWishMs = 1_000

/** What a signal to end means. */
export class StopSignals {
  #firstAtMs: number | null = null

  /** `stop`: in order. `again`: the same wish once more. `at_once`: a second one. Monotonic time. */
  take(nowMs: number): 'stop' | 'again' | 'at_once' {
    if (this.#firstAtMs === null) {
      this.#firstAtMs = nowMs
      return 'stop'
    }
    return nowMs - this.#firstAtMs < sameWishMs ? 'again' : 'at_once'
  }
}
