import { decodeEntry } from '#core/ledger/codec.ts'
import { checkRow, type UsageRow } from '#store/usage/columns.ts'
import type { Quarantine } from './quarantine.ts'
import type { JournalBlock, JournalPosition } from './source.ts'

/** What becomes of some whole blocks. */
export interface CollectedBlocks {
  readonly fromBlock: number
  readonly toBlock: number
  readonly after: JournalPosition
  /** Entries that went to quarantine now, with their reasons. */
  readonly rejected: readonly string[]
}

interface CollectTo {
  readonly journalId: string
  readonly quarantine: Quarantine
  take(row: UsageRow): void
}

/** Gives out the settled calls of the blocks as rows; what cannot be one goes to quarantine. Null where there are no blocks. */
export function collectBlocks(
  blocks: readonly JournalBlock[],
  { journalId, quarantine, take }: CollectTo,
): CollectedBlocks | null {
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (first === undefined || last === undefined) return null
  const rejected: string[] = []
  for (const { blockNo, lines } of blocks) {
    for (const [entryNo, line] of lines.entries()) {
      // The other half of the lines is not worth parsing: the kind always comes first.
      if (line.startsWith('{"kind":"open"')) continue
      try {
        const row = rowOf(line, { journalId, blockNo, entryNo })
        if (row !== null) take(row)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (quarantine.add({ blockNo, entryNo, reason, line })) rejected.push(reason)
      }
    }
  }
  return { fromBlock: first.blockNo, toBlock: last.blockNo, after: last.after, rejected }
}

function rowOf(line: string, origin: Omit<UsageRow, 'entry'>): UsageRow | null {
  const entry = decodeEntry(line)
  if (entry.kind !== 'settle') return null
  const row = { entry, ...origin }
  checkRow(row)
  return row
}
