/** The handle by which a running call can be ended from outside: a drain deadline, or a caller who left. */
export class CallControl {
  #abort: (() => void) | null = null
  #interrupted = false

  /** True once the gateway itself ended the call. */
  get interrupted(): boolean {
    return this.#interrupted
  }

  /** What it takes to stop what the call is doing now: replaced as the call moves on. */
  whileRunning(abort: () => void): void {
    this.#abort = abort
    if (this.#interrupted) abort()
  }

  abort(): void {
    this.#abort?.()
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
