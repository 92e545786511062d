import type { Timer, Timers } from '#ports.ts'

const firstMs = 1_000
const mostMs = 60_000

/** Work that is begun again while it fails: after a second, then after twice as long each time, a minute at most. */
export class Retries {
  readonly #timers: Timers
  readonly #run: () => void
  #delayMs = firstMs
  #timer: Timer | null = null

  constructor(timers: Timers, run: () => void) {
    this.#timers = timers
    this.#run = run
  }

  /** It failed, and is begun again by itself: nobody else has to until then. */
  get isDue(): boolean {
    return this.#timer !== null
  }

  failed(): void {
    this.#timer?.cancel()
    this.#timer = this.#timers.after(this.#delayMs, () => {
      this.#timer = null
      this.#run()
    })
    this.#delayMs = Math.min(this.#delayMs * 2, mostMs)
  }

  /** It succeeded, or is begun for another reason. */
  cancel(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#delayMs = firstMs
  }
}
