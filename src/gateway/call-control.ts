import type { Timer, Timers } from '#ports.ts'

/** The handle by which a running call can be ended from outside: a drain deadline, or a caller who left. */
export class CallControl {
  #abort: (() => void) | null = null
  #waiting = false
  #interrupted = false
  /** True once its settle entry is in the journal: it must get no other. */
  settled = false

  /** True once the gateway itself ended the call. */
  get interrupted(): boolean {
    return this.#interrupted
  }

  /** What it takes to stop what the call is doing now: replaced as the call moves on. */
  whileRunning(abort: () => void): void {
    this.#abort = abort
    this.#waiting = false
    if (this.#interrupted) abort()
  }

  /** Like `whileRunning`, while nothing is under way upstream: there is nothing to wait for once the caller has left. */
  whileWaiting(abort: () => void): void {
    this.whileRunning(abort)
    this.#waiting = true
  }

  abort(): void {
    this.#abort?.()
  }

  /** The caller is gone. An upstream that is at work may finish within the time, for what it reports of its usage. */
  callerLeft(timers: Timers, readOnMs: number): Timer {
    if (this.#waiting) this.abort()
    return timers.after(readOnMs, () => this.abort())
  }

  interrupt(): void {
    this.#interrupted = true
    this.abort()
  }
}

/** The calls under way, so that a stop can wait for them and then end them. */
export class RunningCalls {
  readonly #calls = new Set<CallControl>()
  #idle: (() => void) | null = null
  /** True once the gateway is stopping: calls that are not open yet are not opened any more. */
  closed = false

  get count(): number {
    return this.#calls.size
  }

  add(call: CallControl): void {
    this.#calls.add(call)
  }

  remove(call: CallControl): void {
    this.#calls.delete(call)
    if (this.#calls.size === 0) this.#idle?.()
  }

  interruptAll(): void {
    for (const call of [...this.#calls]) call.interrupt()
  }

  /** Resolves when no call is under way. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }
}
