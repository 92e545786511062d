import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { AdmittedCall, Amounts } from './amounts.ts'

/** What an entry of the ledger adds to the budgets that are about its call. */
interface Posting {
  readonly call: AdmittedCall
  readonly amounts: Amounts
}

/** Null for entries that add nothing: calls that are not over, and those that were turned away and are no request. */
export function postingOf(entry: LedgerEntry): Posting | null {
  if (entry.kind === 'open' || entry.outcome === 'refused') return null
  return { call: entry.call, amounts: amountsOf(entry) }
}

/** What a settled call has taken of budgets. */
export function amountsOf({ cost, tokens }: SettleEntry): Amounts {
  return { picoUsd: cost.totalPicoUsd, tokens: tokens.input + tokens.output }
}
