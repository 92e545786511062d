import type { Clock, Timers } from '#ports.ts'

/** Time that passes only when told to. */
export class VirtualTime implements Clock, Timers {
  #nowMs = 0
  #wallMs = 1_790_000_000_000
  #due: { atMs: number; run: () => void }[] = []

  wallMs(): number {
    return this.#wallMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** Somebody sets the clock on the wall; no time passes. */
  setWall(byMs: number): void {
    this.#wallMs += byMs
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#due.push(timer)
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== timer)
      },
    }
  }

  /** Runs what falls due on the way, in order, and lets the event loop turn after each. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs
    for (;;) {
      const [next] = this.#due.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#due = this.#due.filter((other) => other !== next)
      this.#nowMs = next.atMs
      next.run()
      await turn()
    }
    this.#nowMs = untilMs
    await turn()
  }
}

/** Two turns of the event loop: what was begun in this one has ended, if it waits for nothing else. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
}
