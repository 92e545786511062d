import { Crowd, type Member } from '#core/crowd/crowd.ts'
import type { Timer, Timers } from '#ports.ts'

/** What a call is doing, as far as it can be stopped. */
export interface Work {
  abort(): void
}

/** The handle by which a running call can be ended from outside: a drain deadline, or a caller who left. */
export class CallControl implements Member {
  /** Among the calls under way. */
  place = -1
  #work: Work | null = null
  #waiting = false
  #interrupted = false
  #over = false
  #readOn: Timer | null = null
  /** True once its settle entry is in the journal: it must get no other. */
  settled = false

  /** True once the gateway itself ended the call. */
  get interrupted(): boolean {
    return this.#interrupted
  }

  /** What the call is doing now: replaced as the call moves on. */
  whileRunning(work: Work): void {
    this.#work = work
    this.#waiting = false
    if (this.#interrupted) work.abort()
  }

  /** Like `whileRunning`, while nothing is under way upstream: there is nothing to wait for once the caller has left. */
  whileWaiting(work: Work): void {
    this.whileRunning(work)
    this.#waiting = true
  }

  abort(): void {
    this.#work?.abort()
  }

  /** The caller is gone. An upstream that is at work may finish within the time, for what it reports of its usage. */
  callerLeft(timers: Timers, readOnMs: number): void {
    if (this.#over) return
    if (this.#waiting) this.abort()
    this.#readOn = timers.after(readOnMs, () => this.abort())
  }

  /** The upstream has ended: from now on nobody's leaving changes anything. */
  upstreamEnded(): void {
    this.#over = true
    this.#readOn?.cancel()
  }

  interrupt(): void {
    this.#interrupted = true
    this.abort()
  }
}

/** The calls under way, so that a stop can wait for them and then end them. */
export class RunningCalls {
  readonly #calls = new Crowd<CallControl>()
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
    this.#calls.remove(call)
    if (this.#calls.size === 0) this.#idle?.()
  }

  interruptAll(): void {
    for (const call of this.#calls.all()) call.interrupt()
  }

  /** Resolves when no call is under way. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }
}
