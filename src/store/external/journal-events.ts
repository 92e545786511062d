import { decodeEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import { EntryFault, JournalFault } from '#core/ledger/fault.ts'
import type { ExternalEvent } from '#ports.ts'
import { realDisk } from '#store/journal/disk.ts'
import { openFollower } from '#store/journal/reader.ts'
import { listSegments, type SegmentFile } from '#store/journal/segment-files.ts'

/** As it stands in a line, whatever else does: quotes within texts are escaped. */
const marked = JSON.stringify(externalMark)
const entriesAtOnce = 10_000

interface EventsToRead {
  /** The segment from which on all are read; all of them where it is null or gone. */
  readonly from: string | null
  /** Segments before it that could not be read to their end. */
  readonly again: readonly string[]
  /** A segment has damage; what it holds behind that is not known, and it is gone on with the next one. */
  readonly onDamage: (segment: string, fault: JournalFault) => void
}

/** The costs metered elsewhere that a journal holds, in order. */
export async function* eventsInJournal(
  dir: string,
  { from, again, onDamage }: EventsToRead,
): AsyncGenerator<ExternalEvent[]> {
  const segments = listSegments(realDisk, dir)
  const first = segments.find(({ name }) => name === from) ?? segments[0]
  if (first === undefined) return
  const earlier = segments.filter(({ name, firstBlock }) => again.includes(name) && firstBlock < first.firstBlock)
  for (const { name, firstBlock } of earlier) {
    const damage = yield* eventsBehind({ dir, segment: name, firstBlock, until: name })
    if (damage !== null) onDamage(name, damage)
  }
  let next: SegmentFile | undefined = first
  while (next !== undefined) {
    const at: SegmentFile = next
    const damage: JournalFault | null = yield* eventsBehind({
      dir,
      segment: at.name,
      firstBlock: at.firstBlock,
      until: null,
    })
    if (damage === null) return
    const damaged: string = damage.place?.segment.replace(/\.zst$/, '') ?? at.name
    onDamage(damaged, damage)
    next = segments.find(({ name }) => name > damaged && name > at.name)
  }
}

interface Stretch {
  readonly dir: string
  readonly segment: string
  readonly firstBlock: number
  /** The last segment; null = the journal's end. */
  readonly until: string | null
}

/** Returns the damage at which it ends, or null. */
async function* eventsBehind({
  dir,
  segment,
  firstBlock,
  until,
}: Stretch): AsyncGenerator<ExternalEvent[], JournalFault | null> {
  const follower = await openFollower({ dir, position: { segment, offset: 0, blockNo: firstBlock - 1 } })
  try {
    for (;;) {
      const read = await follower.next(entriesAtOnce)
      const blocks = read.filter(({ after }) => until === null || after.segment <= until)
      // Most blocks of most journals have none, and are not made into texts for it.
      const lines = blocks.filter(({ body }) => body.includes(marked)).flatMap((block) => block.lines)
      const events = lines.filter((line) => line.includes(marked)).flatMap(eventOf)
      if (events.length > 0) yield events
      if (blocks.length === 0 || blocks.length < read.length) return null
    }
  } catch (fault) {
    if (fault instanceof JournalFault) return fault
    throw fault
  } finally {
    await follower.close()
  }
}

/** None of a line that cannot be read: the ingester puts it into quarantine, and tells. */
function eventOf(line: string): ExternalEvent[] {
  try {
    const entry = decodeEntry(line)
    if (entry.kind !== 'settle' || !entry.marks.includes(externalMark)) return []
    const { callId, requestId, upstream } = entry.call
    return [{ callId, source: upstream, eventId: requestId, picoUsd: entry.cost.totalPicoUsd }]
  } catch (error) {
    if (error instanceof EntryFault) return []
    throw error
  }
}
