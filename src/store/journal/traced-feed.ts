import { decodeEntry, peekEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry, TraceLink } from '#core/ledger/entry.ts'
import { EntryFault } from '#core/ledger/fault.ts'
import type { Timers, TracedBatch, TracedCall, TracedFeed, TracedPlace } from '#ports.ts'
import type { JournalPosition, JournalSource } from '#store/ingest/source.ts'
import { newestSegmentBookmark, readBookmark } from './feed.ts'
import { openFollower } from './reader.ts'
import { DirectoryWake } from './wake.ts'

interface TracedFeedOptions {
  readonly dir: string
  /** Null = from the beginning of the newest segment on. */
  readonly place: TracedPlace | null
  /** How many calls that are not over are remembered. */
  readonly mostOpen: number
  readonly timers: Timers
}

/** The ends of the traced calls of a journal, while another process writes it. @throws where the place is none of ours */
export async function openTracedFeed({ dir, place, mostOpen, timers }: TracedFeedOptions): Promise<TracedFeed> {
  const bookmark = place === null ? newestSegmentBookmark(dir) : place.bookmark
  const position = bookmark === null ? null : readBookmark(bookmark)
  const source = await openFollower({ dir, position })
  return new JournalTracedFeed(source, new DirectoryWake(dir, timers), new OpenTraces(mostOpen, place?.open ?? []))
}

class JournalTracedFeed implements TracedFeed {
  readonly #source: JournalSource
  readonly #wake: DirectoryWake
  readonly #open: OpenTraces
  #after: JournalPosition | null = null

  constructor(source: JournalSource, wake: DirectoryWake, open: OpenTraces) {
    this.#source = source
    this.#wake = wake
    this.#open = open
  }

  async next(maxEntries: number): Promise<TracedBatch> {
    const blocks = await this.#source.next(maxEntries)
    if (blocks.length > 0) this.#wake.found()
    const before = this.#open.forgotten
    const calls = blocks.flatMap(({ lines }) => lines.flatMap((line) => this.#take(line) ?? []))
    this.#after = blocks.at(-1)?.after ?? this.#after
    return { calls, read: blocks.length > 0, forgotten: this.#open.forgotten - before }
  }

  more(): Promise<void> {
    return this.#wake.next()
  }

  place(): TracedPlace | null {
    return this.#after === null ? null : { bookmark: JSON.stringify(this.#after), open: this.#open.entries() }
  }

  async close(): Promise<void> {
    this.#wake.close()
    await this.#source.close()
  }

  /** Most lines are of calls that nobody traces: they are passed over without being decoded. */
  #take(line: string): TracedCall | null {
    const traced = line.includes(traceMember)
    if (!traced && (this.#open.size === 0 || line.startsWith(opening))) return null
    const peeked = peekEntry(line)
    if (peeked === null || (!traced && !this.#open.has(peeked.callId))) return null
    const entry = decoded(line)
    if (entry === null) return null
    if (entry.kind === 'open') {
      if (entry.trace !== undefined) this.#open.add(entry.call.callId, entry.trace)
      return null
    }
    const link = this.#open.take(entry.call.callId) ?? entry.trace
    return link === undefined ? null : { entry, link }
  }
}

const opening = '{"kind":"open"'
/** Within a text its quotes would be escaped; where it is a tag's name the line is decoded in vain, no more. */
const traceMember = '"trace":"'

/** Traces of calls that are not over, oldest first. */
class OpenTraces {
  readonly #most: number
  readonly #links: Map<string, TraceLink>
  forgotten = 0

  constructor(most: number, known: TracedPlace['open']) {
    this.#most = most
    this.#links = new Map(known)
  }

  get size(): number {
    return this.#links.size
  }

  has(callId: string): boolean {
    return this.#links.has(callId)
  }

  add(callId: string, link: TraceLink): void {
    this.#links.set(callId, link)
    if (this.#links.size <= this.#most) return
    for (const oldest of this.#links.keys()) {
      this.#links.delete(oldest)
      this.forgotten++
      return
    }
  }

  take(callId: string): TraceLink | undefined {
    const link = this.#links.get(callId)
    this.#links.delete(callId)
    return link
  }

  entries(): TracedPlace['open'] {
    return [...this.#links]
  }
}

/** Null for what cannot be read: the ingester puts it into quarantine, and tells. */
function decoded(line: string): LedgerEntry | null {
  try {
    return decodeEntry(line)
  } catch (error) {
    if (error instanceof EntryFault) return null
    throw error
  }
}
