import { decodeEntry } from '#core/ledger/codec.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { EntryFault } from '#core/ledger/fault.ts'
import type { EntryBatch, EntryFeed, Timers } from '#ports.ts'
import type { JournalPosition, JournalSource } from '#store/ingest/source.ts'
import { type Disk, realDisk } from './disk.ts'
import { openFollower } from './reader.ts'
import { listSegments } from './segment-files.ts'
import { DirectoryWake } from './wake.ts'

interface FeedOptions {
  readonly dir: string
  readonly bookmark: string | null
  /** Another bookmark, at which it ends; absent = it goes on with the journal. */
  readonly until?: string | undefined
  readonly timers: Timers
}

/** The settled calls of a journal, while another process writes it. @throws where the bookmark is none of ours */
export async function openEntryFeed({ dir, bookmark, until, timers }: FeedOptions): Promise<EntryFeed> {
  const position = bookmark === null ? null : readBookmark(bookmark)
  const lastBlock = until === undefined ? Number.POSITIVE_INFINITY : readBookmark(until).blockNo
  return new JournalFeed(await openFollower({ dir, position }), new DirectoryWake(dir, timers), lastBlock)
}

/**
 * The beginning of the newest segment, for who wants to know what happens from now on and a little of what did before.
 * Null where there is no journal yet: whoever reads from its beginning then misses nothing.
 */
export function newestSegmentBookmark(dir: string, disk: Disk = realDisk): string | null {
  const newest = listSegments(disk, dir).at(-1)
  if (newest === undefined) return null
  const position: JournalPosition = { segment: newest.name, offset: 0, blockNo: newest.firstBlock - 1 }
  return JSON.stringify(position)
}

class JournalFeed implements EntryFeed {
  readonly #source: JournalSource
  readonly #wake: DirectoryWake
  readonly #lastBlock: number

  constructor(source: JournalSource, wake: DirectoryWake, lastBlock: number) {
    this.#source = source
    this.#wake = wake
    this.#lastBlock = lastBlock
  }

  async next(maxEntries: number): Promise<EntryBatch> {
    const blocks = (await this.#source.next(maxEntries)).filter(({ blockNo }) => blockNo <= this.#lastBlock)
    if (blocks.length > 0) this.#wake.found()
    const entries: SettleEntry[] = []
    let skipped = 0
    for (const { lines } of blocks) {
      for (const line of lines) {
        const entry = settled(line)
        if (entry === 'unreadable') skipped++
        else if (entry !== null) entries.push(entry)
      }
    }
    const after = blocks.at(-1)?.after
    return { entries, bookmark: after === undefined ? null : JSON.stringify(after), skipped }
  }

  more(): Promise<void> {
    return this.#wake.next()
  }

  async close(): Promise<void> {
    this.#wake.close()
    await this.#source.close()
  }
}

/** Null for what is not about the end of a call. What cannot be read the ingester puts into quarantine, and tells. */
function settled(line: string): SettleEntry | 'unreadable' | null {
  if (line.startsWith('{"kind":"open"')) return null
  try {
    const entry = decodeEntry(line)
    return entry.kind === 'settle' ? entry : null
  } catch (error) {
    if (error instanceof EntryFault) return 'unreadable'
    throw error
  }
}

export function readBookmark(text: string): JournalPosition {
  const value: unknown = JSON.parse(text)
  const { segment, offset, blockNo } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  if (typeof segment === 'string' && typeof offset === 'number' && typeof blockNo === 'number') {
    return { segment, offset, blockNo }
  }
  throw new Error(`not a place in the journal: ${text.slice(0, 100)}`)
}
