import type { UsageDatabase } from './client.ts'

/** A journal of which the store has records. */
interface HeldJournal {
  readonly journalId: string
  /** The oldest block of which there is one. */
  readonly firstBlock: number
}

/** A settled call as the journal has it. */
export interface JournalCall {
  readonly blockNo: number
  readonly entryNo: number
  readonly callId: string
}

/** @throws StoreFault */
export async function heldJournals(database: UsageDatabase): Promise<HeldJournal[]> {
  const rows = await database.selectForWriter<{ journal_id: string; first: string }>(
    'SELECT journal_id, toString(min(journal_block)) AS first FROM tollgate.usage GROUP BY journal_id ORDER BY journal_id',
  )
  return rows.map(({ journal_id: journalId, first }) => ({ journalId, firstBlock: Number(first) }))
}

/** Whether the store has one of the calls as a record of this journal, at that very place. @throws StoreFault */
export async function holdsOneOf(
  database: UsageDatabase,
  journalId: string,
  calls: readonly JournalCall[],
): Promise<boolean> {
  const [first, last] = [calls[0], calls.at(-1)]
  if (first === undefined || last === undefined) return false
  const found = await database.selectForWriter<{ found: string }>(
    `SELECT toString(count()) AS found FROM tollgate.usage
     WHERE journal_id = {journal:String} AND journal_block BETWEEN {from:UInt64} AND {to:UInt64}
       AND concat(toString(journal_block), '/', toString(journal_entry), '/', call_id) IN {calls:Array(String)}`,
    {
      journal: journalId,
      from: first.blockNo,
      to: last.blockNo,
      calls: calls.map(({ blockNo, entryNo, callId }) => `${blockNo}/${entryNo}/${callId}`),
    },
  )
  return found.some((row) => row.found !== '0')
}
