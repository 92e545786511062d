/**
 * How long rows are gathered from the beginning of one insert to the next, and a quiet journal is left alone: a small
 * insert costs nearly as much as one of some thousand rows. With the insert itself well below the second within which a
 * report shows a call.
 */
const gatherMs = 400
/** While somebody looks at reports: they want to see what they have just done, and inserts may cost more for a while. */
const watchedGatherMs = 250
const watchedForMs = 3_000

/** When the next insert begins, where nothing makes it urgent. */
export class Pace {
  #watchedUntilMs = Number.NEGATIVE_INFINITY

  /** Somebody looks now. @returns whether nobody did before */
  watched(nowMs: number): boolean {
    const anew = nowMs >= this.#watchedUntilMs
    this.#watchedUntilMs = nowMs + watchedForMs
    return anew
  }

  /** How long there is still to wait after an insert that began then; not positive: no longer. */
  leftMs(begunMs: number, nowMs: number): number {
    return begunMs + (nowMs < this.#watchedUntilMs ? watchedGatherMs : gatherMs) - nowMs
  }
}
