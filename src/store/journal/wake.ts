import { type FSWatcher, watch } from 'node:fs'
import type { Timers } from '#ports.ts'

/** How long a change that nobody was told of stays unseen: where the system cannot watch, or forgot to say. */
const pollMs = 250

/** Says when there may be more in a directory that another process writes to. */
export class DirectoryWake {
  readonly #directory: string
  readonly #timers: Timers
  #watcher: FSWatcher | null = null
  #changed = true
  #closed = false
  #wake: (() => void) | null = null

  constructor(directory: string, timers: Timers) {
    this.#directory = directory
    this.#timers = timers
    this.#watch()
  }

  /** Resolves at once where something changed since it last resolved, otherwise with the next change or poll. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#closed) await this.#wait()
    this.#changed = false
    if (this.#watcher === null && !this.#closed) this.#watch()
  }

  close(): void {
    this.#closed = true
    this.#watcher?.close()
    this.#watcher = null
    this.#wake?.()
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(pollMs, () => this.#wake?.())
      this.#wake = () => {
        timer.cancel()
        this.#wake = null
        resolve()
      }
    })
  }

  /** Where there is nothing to watch yet, or no watch is left, the poll has to do until it works. */
  #watch(): void {
    try {
      const watcher = watch(this.#directory, { persistent: false }, () => {
        this.#changed = true
        this.#wake?.()
      })
      watcher.on('error', () => this.#forget(watcher))
      this.#watcher = watcher
    } catch {
      this.#watcher = null
    }
  }

  #forget(watcher: FSWatcher): void {
    watcher.close()
    if (this.#watcher === watcher) this.#watcher = null
  }
}
