import { decodeEntry } from '#core/ledger/codec.ts'
import { checkRow, fitsColumns } from '#store/usage/columns.ts'
import { UsageLine, type UsageRow } from '#store/usage/usage-row.ts'
import type { Quarantine } from './quarantine.ts'
import type { JournalBlock, JournalPosition } from './source.ts'

/** What becomes of some whole blocks. */
export interface CollectedBlocks {
  readonly fromBlock: number
  readonly toBlock: number
  readonly after: JournalPosition
  /** See `settledLines`. */
  readonly settled: number
  /** Entries that went to quarantine now, with their reasons. */
  readonly rejected: readonly string[]
}

export interface CollectTo {
  readonly journalId: string
  readonly quarantine: Quarantine
  /** Takes what `takeLine` is not given. */
  take(row: UsageRow): void
  /** Takes the settled calls whose line can be taken as it stands; without it `take` gets all. Valid for the call. */
  readonly takeLine?: (line: UsageLine) => void
}

/** Gives out the settled calls of the blocks; what cannot be a row goes to quarantine. Null where there are no blocks. */
export function collectBlocks(blocks: readonly JournalBlock[], to: CollectTo): CollectedBlocks | null {
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (first === undefined || last === undefined) return null
  const rejected: string[] = []
  const line = new UsageLine()
  line.journalId = to.journalId
  let settled = 0
  for (const block of blocks) settled += collectBlock(block, { ...to, line, rejected })
  return { fromBlock: first.blockNo, toBlock: last.blockNo, after: last.after, settled, rejected }
}

/** Some ten milliseconds of work. */
const sliceLines = 4_000

/** The same, with a `rest` after every so many lines: whoever else has something to do on this thread is not to wait for all. */
export async function collectAtLeisure(
  blocks: readonly JournalBlock[],
  to: CollectTo,
  rest: () => Promise<void>,
): Promise<CollectedBlocks | null> {
  let all: CollectedBlocks | null = null
  for (let from = 0, at = 0, lines = 0; at < blocks.length; at++) {
    lines += blocks[at]?.lineCount ?? 0
    if (lines < sliceLines && at + 1 < blocks.length) continue
    if (all !== null) await rest()
    all = joined(all, collectBlocks(blocks.slice(from, at + 1), to))
    from = at + 1
    lines = 0
  }
  return all
}

function joined(before: CollectedBlocks | null, next: CollectedBlocks | null): CollectedBlocks | null {
  if (before === null || next === null) return before ?? next
  const settled = before.settled + next.settled
  return { ...next, fromBlock: before.fromBlock, settled, rejected: [...before.rejected, ...next.rejected] }
}

const opening = Buffer.from('{"kind":"open"')
const newline = 0x0a

/** How many lines of a block become a record, or go to quarantine: all but those of calls that were opened. Pure. */
export function settledLines({ body }: JournalBlock): number {
  let settled = 0
  for (let start = 0; start < body.length; start = body.indexOf(newline, start) + 1) {
    if (!startsWith(body, start, opening)) settled++
  }
  return settled
}

/** Returns what `settledLines` does. */
function collectBlock(
  { blockNo, body }: JournalBlock,
  { journalId, quarantine, take, takeLine, line, rejected }: CollectTo & { line: UsageLine; rejected: string[] },
): number {
  let opened = 0
  let entries = 0
  for (let start = 0, entryNo = 0; start < body.length; entryNo++, entries++) {
    const end = body.indexOf(newline, start)
    // The kind always comes first. What was opened is booked by its settle entry alone.
    if (startsWith(body, start, opening)) {
      opened++
    } else if (takeLine !== undefined && line.read(body, start) && fitsColumns(line)) {
      line.blockNo = blockNo
      line.entryNo = entryNo
      takeLine(line)
    } else {
      const text = body.toString('utf8', start, end)
      try {
        const row = rowOf(text, { journalId, blockNo, entryNo })
        if (row !== null) take(row)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (quarantine.add({ blockNo, entryNo, reason, line: text })) rejected.push(reason)
      }
    }
    start = end + 1
  }
  return entries - opened
}

function startsWith(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

function rowOf(line: string, origin: Omit<UsageRow, 'entry'>): UsageRow | null {
  const entry = decodeEntry(line)
  if (entry.kind !== 'settle') return null
  const row = { entry, ...origin }
  checkRow(row)
  return row
}
