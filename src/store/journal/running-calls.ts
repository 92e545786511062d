import type { OpenEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { CallMembers } from '#core/ledger/write-entry.ts'
import { ChurnMap } from '#lib/churn-map.ts'

interface RunningCall {
  readonly entry: OpenEntry
  /** Null where the last run has written it. */
  readonly members: CallMembers | null
}

/** The calls that the journal has the open entry of, and no settle entry. */
export class RunningCalls {
  readonly #calls = new ChurnMap<string, RunningCall>()

  constructor(opens: readonly OpenEntry[]) {
    for (const entry of opens) this.opened(entry, null)
  }

  get size(): number {
    return this.#calls.size
  }

  get opens(): readonly OpenEntry[] {
    return this.#calls.values().map(({ entry }) => entry)
  }

  opened(entry: OpenEntry, members: CallMembers | null): void {
    this.#calls.set(entry.call.callId, { entry, members })
  }

  settled({ call }: SettleEntry): void {
    this.#calls.delete(call.callId)
  }

  /** What the open entry's line says of the call; null where the settle entry may say something else. */
  membersFor({ call }: SettleEntry): CallMembers | null {
    const running = this.#calls.get(call.callId)
    return running?.entry.call === call ? running.members : null
  }
}
