import { type FSWatcher, watch } from 'node:fs'
import type { Timer, Timers } from '#ports.ts'

/** How long a change that nobody was told of stays unseen: where the system cannot watch, or forgot to say. */
const pollMs = 250
/**
 * So many changes within a second are looked for instead of being told. Telling is paid for by the writer too, some 8 µs
 * a write: the system makes the event and wakes whoever watches, once for each, and a gateway writes twice a call.
 */
const mostToldASecond = 50
const busyPollMs = 5
/** So many looks in vain, and there is little to be told again. */
const quietPolls = 100

/** Says when there may be more in a directory that another process writes to. */
export class DirectoryWake {
  readonly #directory: string
  readonly #timers: Timers
  #watcher: FSWatcher | null = null
  /** Too much goes on to be told of it. */
  #busy = false
  #told = 0
  #second: Timer | null = null
  #inVain = 0
  /** It is looked without anybody having told. */
  #untold = false
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
    if (this.#watcher === null && !this.#busy && !this.#closed) this.#watch()
  }

  /**
   * Whoever was woken has found something. If nobody had told, what is watched may no longer be what has this name: a
   * directory that was replaced is watched on for ever, and tells nothing.
   */
  found(): void {
    this.#inVain = 0
    if (!this.#untold || this.#watcher === null) return
    this.#untold = false
    this.#unwatch()
    this.#watch()
  }

  close(): void {
    this.#closed = true
    this.#unwatch()
    this.#second?.cancel()
    this.#wake?.()
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(this.#busy ? busyPollMs : pollMs, () => {
        this.#untold = true
        this.#wake?.()
      })
      this.#wake = () => {
        timer.cancel()
        this.#wake = null
        if (this.#busy) this.#looked()
        resolve()
      }
    })
  }

  #looked(): void {
    this.#inVain += 1
    if (this.#inVain > quietPolls) this.#busy = false
  }

  /** Where there is nothing to watch yet, or no watch is left, the poll has to do until it works. */
  #watch(): void {
    try {
      const watcher = watch(this.#directory, { persistent: false }, this.#onChange)
      watcher.on('error', () => {
        if (this.#watcher === watcher) this.#unwatch()
      })
      this.#watcher = watcher
      // What happened while nobody watched is seen now.
      this.#changed = true
    } catch {
      this.#watcher = null
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  readonly #onChange = (): void => {
    this.#untold = false
    this.#told += 1
    this.#second ??= this.#timers.after(1_000, () => {
      this.#second = null
      this.#told = 0
    })
    if (this.#told > mostToldASecond) {
      this.#busy = true
      this.#inVain = 0
      this.#unwatch()
    }
    this.#changed = true
    this.#wake?.()
  }
}
