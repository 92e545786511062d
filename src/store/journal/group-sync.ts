import type { JournalFault } from '#core/ledger/fault.ts'
import type { Clock, Timer, Timers } from '#ports.ts'

export type FsyncMode = 'group' | 'each' | 'none'

interface GroupSyncParts {
  readonly mode: FsyncMode
  /** group: how long after a write its sync begins. */
  readonly groupMs: number
  readonly clock: Clock
  readonly timers: Timers
  readonly sync: () => Promise<void>
  /** A sync has ended, so none is under way. */
  readonly onSynced: (durationMs: number) => void
  readonly onFault: (fault: unknown) => void
}

/** What waits to be durable. */
interface Durable {
  done(): void
  fail(fault: JournalFault): void
}

/** Makes writes durable in the background: one sync at a time, each covering all that was written before it began. */
export class GroupSync {
  readonly #parts: GroupSyncParts
  #dirty = false
  #timer: Timer | null = null
  #underWay: Promise<void> | null = null
  /** After a failure, until the owner has mended what there is to mend; and after the end. */
  #held = false
  #waiting: Durable[] = []
  lastMs = 0
  maxMs = 0
  count = 0

  constructor(parts: GroupSyncParts) {
    this.#parts = parts
  }

  get busy(): boolean {
    return this.#underWay !== null
  }

  /** Something was written. It is done at once, or, where the mode makes its caller wait for that, when it is durable. */
  written(block: Durable): void {
    this.#dirty = true
    if (this.#parts.mode === 'each') this.#waiting.push(block)
    else block.done()
    this.#startLater()
  }

  #startLater(): void {
    const { mode, groupMs, timers } = this.#parts
    if (!this.#dirty || this.#held || this.#underWay !== null || this.#timer !== null) return
    if (mode === 'each') this.#start()
    else if (mode === 'group') this.#timer = timers.after(groupMs, () => this.#start())
  }

  #start(): void {
    this.#cancelTimer()
    this.#dirty = false
    const { clock, sync } = this.#parts
    const covered = this.#waiting
    this.#waiting = []
    const startedMs = clock.monotonicMs()
    this.#underWay = sync().then(
      () => this.#succeeded(covered, clock.monotonicMs() - startedMs),
      (fault: unknown) => this.#failed(covered, fault),
    )
  }

  #succeeded(covered: readonly Durable[], durationMs: number): void {
    this.#underWay = null
    this.lastMs = durationMs
    this.maxMs = Math.max(this.maxMs, durationMs)
    this.count++
    for (const block of covered) block.done()
    this.#parts.onSynced(durationMs)
    this.#startLater()
  }

  #failed(covered: Durable[], fault: unknown): void {
    this.#underWay = null
    this.#dirty = true
    this.#held = true
    this.#waiting = [...covered, ...this.#waiting]
    this.#parts.onFault(fault)
  }

  /** Begins none until `resume`. */
  hold(): void {
    this.#dirty = true
    this.#held = true
    this.#cancelTimer()
  }

  /** Begins a sync at once, after a failure was mended. */
  resume(): void {
    this.#held = false
    if (this.#underWay === null) this.#start()
  }

  /** Everything written so far was made durable by other means. Not while a sync is under way. */
  cover(): void {
    this.#dirty = false
    this.#cancelTimer()
    const covered = this.#waiting
    this.#waiting = []
    for (const block of covered) block.done()
  }

  /** Begins no more syncs, and resolves when none is under way. */
  async stop(): Promise<void> {
    this.#held = true
    this.#cancelTimer()
    await this.#underWay
  }

  /** Whoever still waits will wait in vain. */
  abandon(fault: JournalFault): void {
    for (const block of this.#waiting) block.fail(fault)
    this.#waiting = []
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
