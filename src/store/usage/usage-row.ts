import type { SettleEntry } from '#core/ledger/entry.ts'
import { SettleLine } from '#core/ledger/settle-line.ts'

/** A settled call, and which line of which journal it is. */
export interface UsageRow {
  readonly entry: SettleEntry
  readonly journalId: string
  readonly blockNo: number
  /** Counted from 0 within its block. */
  readonly entryNo: number
}

/** The same as it stands in the journal, one after the other. */
export class UsageLine extends SettleLine {
  journalId = ''
  blockNo = 0
  entryNo = 0
}
