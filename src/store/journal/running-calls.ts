import type { OpenEntry, SettleEntry } from '#core/ledger/entry.ts'
import { ChurnMap } from '#lib/churn-map.ts'

/** The calls that the journal has the open entry of, and no settle entry. */
export class RunningCalls {
  readonly #opens = new ChurnMap<string, OpenEntry>()

  constructor(opens: readonly OpenEntry[]) {
    for (const entry of opens) this.opened(entry)
  }

  get size(): number {
    return this.#opens.size
  }

  get opens(): readonly OpenEntry[] {
    return this.#opens.values()
  }

  opened(entry: OpenEntry): void {
    this.#opens.set(entry.call.callId, entry)
  }

  settled({ call }: SettleEntry): void {
    this.#opens.delete(call.callId)
  }
}
