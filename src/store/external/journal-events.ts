import { decodeEntry } from '#core/ledger/codec.ts'
import { externalMark } from '#core/ledger/entry.ts'
import type { ExternalEvent } from '#ports.ts'
import { realDisk } from '#store/journal/disk.ts'
import { openFollower } from '#store/journal/reader.ts'
import { listSegments } from '#store/journal/segment-files.ts'

/** As it stands in a line, whatever else does: quotes within texts are escaped. */
const marked = JSON.stringify(externalMark)
const entriesAtOnce = 10_000

/**
 * The costs metered elsewhere that a journal holds, in order, from the segment on; all of them where the segment is
 * null or gone.
 *
 * @throws JournalFault `journal_damaged`
 */
export async function* eventsInJournal(dir: string, fromSegment: string | null): AsyncGenerator<ExternalEvent[]> {
  const from = listSegments(realDisk, dir).find(({ name }) => name === fromSegment)
  const position = from === undefined ? null : { segment: from.name, offset: 0, blockNo: from.firstBlock - 1 }
  const follower = await openFollower({ dir, position })
  try {
    for (;;) {
      const blocks = await follower.next(entriesAtOnce)
      if (blocks.length === 0) return
      // Most blocks of most journals have none, and are not made into texts for it.
      const lines = blocks.filter(({ body }) => body.includes(marked)).flatMap((block) => block.lines)
      const events = lines.filter((line) => line.includes(marked)).flatMap(eventOf)
      if (events.length > 0) yield events
    }
  } finally {
    await follower.close()
  }
}

function eventOf(line: string): ExternalEvent[] {
  const entry = decodeEntry(line)
  if (entry.kind !== 'settle' || !entry.marks.includes(externalMark)) return []
  const { callId, requestId, upstream } = entry.call
  return [{ callId, source: upstream, eventId: requestId, picoUsd: entry.cost.totalPicoUsd }]
}
