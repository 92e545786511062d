import { MemoryDisk } from '#test/journal/memory-disk.ts'
import { VirtualTime } from '#test/journal/virtual-time.ts'
import type { RunPlan } from './plan.ts'

export const journalDir = '/journal'

/** The machine of one run: its time, its disk, and the moment at which the process on it dies. */
export class Machine {
  readonly time = new VirtualTime()
  readonly disk = new MemoryDisk()
  readonly broken: string[] = []
  /** Request ids of the calls that went upstream. */
  readonly sent = new Set<string>()
  readonly #plan: RunPlan
  #steps = 0
  #left: MemoryDisk | null = null

  constructor(plan: RunPlan) {
    this.#plan = plan
    this.disk.plan = (operation) => {
      if (!this.step()) return null
      const { diskTrouble: trouble } = plan
      const nowMs = this.time.monotonicMs()
      if (trouble === null || nowMs < trouble.fromMs || nowMs >= trouble.untilMs) return null
      return operation % trouble.every === 0
        ? { kind: 'error', code: trouble.code, keepRatio: plan.lastWriteRatio }
        : null
    }
  }

  get dead(): boolean {
    return this.#left !== null
  }

  /** What the dead process has left on the disk. */
  get left(): MemoryDisk {
    return this.#left ?? this.disk
  }

  /** Something happens that the world can see. False where the process is dead, and it does not happen any more. */
  step(): boolean {
    if (this.dead) return false
    this.#steps++
    if (this.#steps !== this.#plan.diesAtStep) return true
    this.#left = this.disk.afterDeath()
    return false
  }

  /** What must never be the case. */
  violation(what: string): void {
    if (!this.dead) this.broken.push(what)
  }

  /** True where the entry is with the operating system, be it only as a part of a block. */
  hasEntry(kind: 'open' | 'settle', requestId: string): boolean {
    const wanted = `"requestId":"${requestId}"`
    return this.disk
      .list(journalDir)
      .filter((name) => name.endsWith('.tgj'))
      .some((name) =>
        this.disk
          .get(`${journalDir}/${name}`)
          .toString('latin1')
          .split('\n')
          .some((line) => line.startsWith(`{"kind":"${kind}"`) && line.includes(wanted)),
      )
  }
}
