/**
 * Listens, from the first moment on, for whatever asks this process to end; calls `stop` once, also where the wish came
 * before there was anything to stop.
 *
 * A signal from a terminal reaches every process of the group. Under a supervisor a role therefore ignores signals and
 * waits for its word, so that the gateway drains while the console is still there. If the supervisor is gone, so is
 * its channel: the role stops by itself, and from then on a signal ends it at once.
 */
export class StopRequests {
  #why: string | null = null
  #stop: ((why: string) => void) | null = null

  constructor() {
    const supervised = process.send !== undefined
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (supervised && process.connected) return
        if (this.#why !== null) process.exit(1)
        this.#request(signal)
      })
    }
    if (!supervised) return
    process.on('message', (message) => {
      if (message !== null && typeof message === 'object' && 'stop' in message) this.#request('the supervisor said so')
    })
    process.on('disconnect', () => this.#request('the supervisor is gone'))
  }

  /** True where there was a wish already: then what is not running yet need not be started. */
  get requested(): boolean {
    return this.#why !== null
  }

  onStop(stop: (why: string) => void): void {
    this.#stop = stop
    if (this.#why !== null) stop(this.#why)
  }

  #request(why: string): void {
    if (this.#why !== null) return
    this.#why = why
    this.#stop?.(why)
  }
}
