import { peekEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import type { UsageDatabase } from '#store/usage/client.ts'
import { heldJournals, holdsOneOf, type JournalCall } from '#store/usage/held-journals.ts'
import type { OpenSource } from './source.ts'

/** So many calls are looked for: of some the record may be gone by its age, or was never made. */
const comparedCalls = 1_000
const entriesAtOnce = 4_000
/** As it stands in a line. A text that is the same word costs no more than one call to compare. */
const marked = JSON.stringify(externalMark)

/**
 * The name under which the store has records of this journal; null where it has none.
 *
 * Names are made with the settings. Where these were lost, and the checkpoint with them, only the calls themselves say
 * that the store has had this journal before: without that each of them would count twice.
 *
 * @throws StoreFault, and what the journal throws
 */
export async function nameInStore(database: UsageDatabase, openSource: OpenSource): Promise<string | null> {
  for (const { journalId, firstBlock } of await heldJournals(database)) {
    if (await holdsOneOf(database, journalId, await callsFrom(openSource, firstBlock))) return journalId
  }
  return null
}

/**
 * Of the first settled calls of the journal that are not before the block, those that are its own. Costs metered elsewhere
 * have ids that their source gave, and whoever sends them to two journals has them in both, maybe at the same place: they
 * tell something only where there is nothing else.
 */
async function callsFrom(openSource: OpenSource, firstBlock: number): Promise<readonly JournalCall[]> {
  const calls: JournalCall[] = []
  const external: JournalCall[] = []
  const source = await openSource(null)
  try {
    while (calls.length + external.length < comparedCalls) {
      const blocks = await source.next(entriesAtOnce)
      if (blocks.length === 0) break
      for (const { blockNo, lines } of blocks.filter((block) => block.blockNo >= firstBlock)) {
        for (const [entryNo, line] of lines.entries()) {
          const entry = peekEntry(line)
          if (entry?.kind !== 'settle') continue
          const its = line.includes(marked) ? external : calls
          its.push({ blockNo, entryNo, callId: entry.callId })
        }
      }
    }
    return calls.length > 0 ? calls : external
  } finally {
    await source.close()
  }
}
