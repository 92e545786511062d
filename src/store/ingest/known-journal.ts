import { peekEntry } from '#core/ledger/codec.ts'
import type { UsageDatabase } from '#store/usage/client.ts'
import { heldJournals, holdsOneOf, type JournalCall } from '#store/usage/held-journals.ts'
import type { OpenSource } from './source.ts'

/** So many calls are looked for: of some the record may be gone by its age, or was never made. */
const comparedCalls = 1_000
const entriesAtOnce = 4_000

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

/** The first settled calls of the journal that are not before the block. */
async function callsFrom(openSource: OpenSource, firstBlock: number): Promise<JournalCall[]> {
  const calls: JournalCall[] = []
  const source = await openSource(null)
  try {
    while (calls.length < comparedCalls) {
      const blocks = await source.next(entriesAtOnce)
      if (blocks.length === 0) return calls
      for (const { blockNo, lines } of blocks.filter((block) => block.blockNo >= firstBlock)) {
        for (const [entryNo, line] of lines.entries()) {
          const entry = peekEntry(line)
          if (entry?.kind === 'settle') calls.push({ blockNo, entryNo, callId: entry.callId })
        }
      }
    }
    return calls
  } finally {
    await source.close()
  }
}
