/**
 * A small insert costs nearly as much as one of some thousand rows, so that rows are gathered first: for as long as so
 * many take to come, within these bounds. Nobody waits for that: a question has the ingester bring in at once what it is
 * to see.
 */
const worthwhileRows = 2_000
const shortestMs = 400
const longestMs = 2_000

/** When the next insert begins, where nobody waits for it. */
export class Pace {
  #begunMs = Number.NEGATIVE_INFINITY
  #gatherMs = longestMs

  /** The journal was read then, and so many rows had come since it was read before. */
  read(begunMs: number, rows: number): void {
    const wantedMs = rows === 0 ? longestMs : (worthwhileRows / rows) * (begunMs - this.#begunMs)
    this.#gatherMs = Math.min(longestMs, Math.max(shortestMs, wantedMs))
    this.#begunMs = begunMs
  }

  /** How long there is still to wait; not positive: no longer. */
  leftMs(nowMs: number): number {
    return this.#begunMs + this.#gatherMs - nowMs
  }
}
