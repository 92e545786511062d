import type { Timers } from '#ports.ts'

/** A wait that somebody else may end. One at a time. */
export class Pause {
  readonly #timers: Timers
  #end: (() => void) | null = null

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Resolves after the time, or with `end`; null = with `end` only. */
  wait(delayMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = delayMs === null ? null : this.#timers.after(delayMs, () => this.end())
      this.#end = () => {
        timer?.cancel()
        this.#end = null
        resolve()
      }
    })
  }

  /** Harmless while nobody waits. */
  end(): void {
    this.#end?.()
  }
}
