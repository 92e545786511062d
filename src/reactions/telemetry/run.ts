import type { Timer, Timers } from '#ports.ts'

export interface TelemetryLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

const firstRetryMs = 500
const longestRetryMs = 30_000

/** How long a stop goes on telling what is left, before it leaves it to the next start. */
const lastPassMs = 2_000

/** Work that goes on until it is stopped, with pauses that a stop ends. */
export class Run {
  readonly #timers: Timers
  readonly #leaving = new AbortController()
  #stopping = false
  #lastPass: Timer | null = null
  readonly #waiting = new Set<() => void>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** True once it is to end: what is left to tell may be told once more. */
  get stopping(): boolean {
    return this.#stopping
  }

  /** Ends exports that take longer than a stop waits. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#lastPass = this.#timers.after(lastPassMs, () => this.#leaving.abort())
    for (const wake of [...this.#waiting]) wake()
  }

  /** To be called when nothing is under way any more. */
  ended(): void {
    this.#lastPass?.cancel()
  }

  /** Resolves after the time, with a stop, or with something else that is waited for. */
  pause(ms: number, orUntil?: Promise<void>): Promise<void> {
    if (this.#stopping) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = this.#timers.after(ms, wake)
      this.#waiting.add(wake)
      orUntil?.then(wake, reject)
    })
  }

  /** Does the work, again after a pause where it fails. */
  async keepAt(work: () => Promise<void>, onFault: (error: unknown) => void): Promise<void> {
    for (let retryMs = firstRetryMs; !this.#stopping; retryMs = nextRetryMs(retryMs)) {
      try {
        await work()
      } catch (error) {
        if (this.#stopping) return
        onFault(error)
        await this.pause(retryMs)
      }
    }
  }
}

export function nextRetryMs(retryMs: number): number {
  return Math.min(longestRetryMs, retryMs * 2)
}

/** Says once that a collector cannot be reached, and once that it can again: one that is down for a day fills no log. */
export class Telling {
  readonly #log: TelemetryLog
  readonly #what: string
  #said = ''

  constructor(log: TelemetryLog, what: string) {
    this.#log = log
    this.#what = what
  }

  went(detail: string): void {
    if (this.#said !== '') this.#log.info({}, `${this.#what} are exported again`)
    this.#said = ''
    if (detail !== '') this.#log.warn({ detail }, `the collector has not taken all ${this.#what}`)
  }

  failed(detail: string): void {
    if (this.#said === detail) return
    this.#said = detail
    this.#log.warn({ detail }, `${this.#what} are not exported`)
  }
}
