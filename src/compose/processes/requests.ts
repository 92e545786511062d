import type { Config } from '#config/config.ts'
import type { SupervisorMessage } from './role.ts'

/**
 * What others want of this process: to begin its work, to change its ways, and to end. Listens from the first moment on, so that a wish
 * counts also while the process is still starting.
 *
 * A signal from a terminal reaches every process of the group. Under a supervisor a role therefore ignores signals and
 * waits for its word, so that the gateway drains while the console is still there. If the supervisor is gone, so is
 * its channel: the role stops by itself, and from then on a signal ends it at once.
 */
export class Requests {
  readonly #begin = Promise.withResolvers<Config | null>()
  #begun = false
  #why: string | null = null
  #stop: ((why: string) => void) | null = null
  #apply: ((config: Config) => void) | null = null
  #changed: Config | null = null

  constructor() {
    const supervised = process.send !== undefined
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (supervised && process.connected) return
        if (this.#why !== null) process.exit(1)
        this.#request(signal)
      })
    }
    if (!supervised) {
      this.#begin.resolve(null)
      return
    }
    // A hang-up of all processes, by a terminal that goes or a manager that reloads, is the supervisor's to act on.
    process.on('SIGHUP', () => {})
    process.on('message', (message: SupervisorMessage) => {
      if ('begin' in message) this.#begin.resolve(message.begin)
      else if ('apply' in message) this.#change(message.apply)
      else this.#request('the supervisor said so')
    })
    process.on('disconnect', () => this.#request('the supervisor is gone'))
  }

  /**
   * Resolves when the work may begin: under a supervisor at its word, with the configuration; without one at once, with
   * null, because then the process has to read it itself.
   */
  async mayBegin(): Promise<Config | null> {
    const config = await this.#begin.promise
    this.#begun = true
    return config
  }

  /** Calls `apply` with every configuration that follows the first, also with one that came before this. */
  readonly follow = (apply: (config: Config) => void): void => {
    this.#apply = apply
    if (this.#changed !== null) apply(this.#changed)
  }

  /** Calls `stop` once, at the first wish to end, or now where there was one already. */
  onStop(stop: (why: string) => void): void {
    this.#stop = stop
    if (this.#why !== null) stop(this.#why)
  }

  #change(config: Config): void {
    this.#changed = config
    this.#apply?.(config)
  }

  #request(why: string): void {
    if (this.#why !== null) return
    this.#why = why
    if (this.#stop !== null) this.#stop(why)
    // Nothing was begun, so there is nothing to end in order. In the middle of a start, onStop sees to it.
    else if (!this.#begun) process.exit(0)
  }
}
