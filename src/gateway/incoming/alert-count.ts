import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import { SetOff, type SetOffState } from '#core/alerting/set-off.ts'
import { externalMark, type LedgerEntry } from '#core/ledger/entry.ts'

/**
 * How many alerts each cost from outside has set off, for its answer. It goes by the entries of the journal and nothing
 * else, as the console does who tells of them; so it needs no console, and both count the same.
 */
export class AlertCount {
  #live: LiveThresholds
  #rules: SetOff
  /** By call id, from when an entry is in the journal to when its answer is made. */
  readonly #counts = new Map<string, number>()

  constructor(live: LiveThresholds) {
    this.#live = live
    this.#rules = new SetOff(live)
  }

  /**
   * Entries that are in the journal now, in its order.
   *
   * @param crossings how many thresholds of budgets each of them has crossed, by call id
   */
  written(entries: readonly LedgerEntry[], crossings: ReadonlyMap<string, number>): void {
    for (const entry of entries) {
      if (entry.kind !== 'settle') continue
      const { callId } = entry.call
      const crossed = crossings.size === 0 ? 0 : (crossings.get(callId) ?? 0)
      const count = this.#rules.take(entry) + crossed
      if (count > 0 && entry.marks.includes(externalMark)) this.#counts.set(callId, count)
    }
  }

  /** Entries that the last run left: they were answered then. */
  readAgain(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) if (entry.kind === 'settle') this.#rules.take(entry)
  }

  /** Of a cost that was just booked. Asked again it is 0: no alert is counted twice. */
  readonly take = (callId: string): number => {
    const count = this.#counts.get(callId) ?? 0
    this.#counts.delete(callId)
    return count
  }

  /** Other thresholds from now on; what was added up stays. */
  configure(live: LiveThresholds): void {
    this.#live = live
    this.#rules = new SetOff(live, this.#rules.state())
  }

  /** True where there is nothing that would have to be kept for the next run. */
  get isEmpty(): boolean {
    return this.#live.hourlyCost === null && this.#live.duplicatePrompts === null
  }

  /** What `state` of an earlier run said; what cannot be read is passed over. */
  restore(state: unknown): void {
    try {
      this.#rules = new SetOff(this.#live, state as SetOffState)
    } catch {
      // Another version's, or damaged. Sums begin anew, as where there is none.
      this.#rules = new SetOff(this.#live)
    }
  }

  state(): SetOffState {
    return this.#rules.state()
  }
}
