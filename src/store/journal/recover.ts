import { peekEntry } from '#core/ledger/codec.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { frameLines } from '#core/ledger/frame.ts'
import { type NotedChain, NotedChains } from '#core/ledger/noted-chains.ts'
import { ChainWalk } from '#core/ledger/segment-header.ts'
import { type Disk, type DiskFile, readRange, replaceFile } from './disk.ts'
import { FrameScanner, type ScannedFrame } from './frame-scanner.ts'
import { otherChain, readClosings, readMark } from './marks.ts'
import { listSegments, type SegmentFile } from './segment-files.ts'
import { mostTornBytes, whyNotTorn } from './torn-tail.ts'

/** Where the journal ends, and what the writer has to know to go on from there. */
export interface JournalEnd {
  readonly segment: SegmentFile
  readonly offset: number
  readonly nextBlock: number
  readonly chain: string
  /** Call id → line of the open entry, of every call without a settle entry. */
  readonly running: Map<string, string>
}

interface Recovery {
  /** Null where there is no journal yet. */
  readonly end: JournalEnd | null
  /** What was cut off, and kept beside the segment in a file that ends in `.torn`. */
  readonly tornBytes: number
  /** Stops of which it was not found that the journal still passes them as it did. The next stop is to keep them. */
  readonly unproven: readonly NotedChain[]
  /** The journal does not pass its last stop with the chain that was noted there. It can be gone on with all the same. */
  readonly altered: JournalFault | null
}

const chunkBytes = 1024 * 1024

/**
 * Finds the journal's end, and cuts off what an interrupted write has left behind it.
 *
 * Reads the last segment only: its header carries the open entries of the calls that were running when it was begun,
 * so nothing before it can hold an unsettled call that is not also there. A torn tail is one broken frame with nothing
 * sound behind it; nothing in it was ever acknowledged.
 *
 * What somebody altered, computing all sums behind it anew, is told and not refused: no byte is missing, the road can be
 * walked, and no start would ever mend it.
 *
 * @throws JournalFault `journal_damaged` for damage anywhere else in it.
 */
export function recoverJournal(disk: Disk, directory: string): Recovery {
  const mark = readMark(disk, directory, 'closed')
  let tornBytes = 0
  const segments = listSegments(disk, directory)
  const oldest = segments[0]?.firstBlock ?? 0
  const closings = readClosings(disk, directory).filter(({ nextBlock }) => nextBlock >= oldest)
  for (let last = segments.pop(); last !== undefined; last = segments.pop()) {
    if (last.compressed)
      throw damaged(directory, last, 0, 'the newest segment is a compressed one, so newer ones are gone')
    const file = disk.open(`${directory}/${last.name}`, 'write')
    try {
      const noted = new NotedChains(closings, last.firstBlock)
      const found = scanLast(file, directory, { segment: last, noted })
      const reached = found.end === null ? last.firstBlock : found.end.nextBlock
      if (mark !== null && reached < mark.nextBlock) {
        throw damaged(
          directory,
          last,
          found.endOffset,
          `the journal was closed after block ${mark.nextBlock - 1}, and ends before it`,
        )
      }
      tornBytes += cutTail(disk, directory, last, file, found.endOffset)
      if (found.end !== null) {
        const { firstBlock } = last
        const broken = [...noted.broken, ...noted.ahead]
        const unproven = [...closings.filter(({ nextBlock }) => nextBlock < firstBlock), ...broken]
        const altered = alteration(directory, last, { offset: found.alteredAt ?? found.endOffset, broken })
        return { end: found.end, tornBytes, unproven, altered }
      }
    } finally {
      file.close()
    }
    // Not even its header is whole: the death came while the segment was begun, and the one before is the last.
    if (segments.length === 0 && readMark(disk, directory, 'retired') !== null)
      throw damaged(directory, last, 0, 'the segment has no header')
    disk.remove(`${directory}/${last.name}`)
    disk.syncDirectory(directory)
  }
  if (mark !== null)
    throw new JournalFault('journal_damaged', `All segments of the journal in ${directory} are gone. ${advice}`)
  return { end: null, tornBytes, unproven: [], altered: null }
}

/** The sound part of the last segment; `end` is null where not even the header is whole. */
function scanLast(
  file: DiskFile,
  directory: string,
  { segment, noted }: { segment: SegmentFile; noted: NotedChains },
): { end: JournalEnd | null; endOffset: number; alteredAt: number | null } {
  const walk = segment.firstBlock === 1 ? ChainWalk.fromGenesis() : new ChainWalk()
  walk.enterSegment(segment.firstBlock)
  const running = new Map<string, string>()
  const scanner = new FrameScanner()
  let readTo = 0
  let alteredAt: number | null = null
  for (;;) {
    const next = scanner.next()
    if (next.kind === 'frame') {
      const reason = walk.step(next.frame, next.buffer)
      if (reason !== null) throw damaged(directory, segment, next.startOffset, reason)
      if (walk.hold(noted, next.frame)) alteredAt ??= next.startOffset
      trackRunning(running, next)
      continue
    }
    const chunk = next.kind === 'damaged' ? Buffer.alloc(0) : readRange(file, readTo, chunkBytes)
    readTo += chunk.length
    if (chunk.length > 0) {
      scanner.push(chunk)
      continue
    }
    assertTorn(file, directory, segment, scanner.offset)
    const { chain, nextBlock } = walk
    if (scanner.offset === 0 || chain === null || nextBlock === null) return { end: null, endOffset: 0, alteredAt }
    return { end: { segment, offset: scanner.offset, nextBlock, chain, running }, endOffset: scanner.offset, alteredAt }
  }
}

function trackRunning(running: Map<string, string>, { frame, buffer }: ScannedFrame): void {
  const lines = frameLines(buffer, frame)
  for (const line of frame.kind === 'segment' ? lines.slice(1) : lines) {
    const entry = peekEntry(line)
    if (entry?.kind === 'open') running.set(entry.callId, line)
    else if (entry?.kind === 'settle') running.delete(entry.callId)
  }
}

/** What stands from `offset` on can only be left over from the one write that was interrupted; otherwise it throws. */
function assertTorn(file: DiskFile, directory: string, segment: SegmentFile, offset: number): void {
  const restBytes = Math.min(file.sizeBytes() - offset, mostTornBytes + 1)
  const reason = whyNotTorn(readRange(file, offset, restBytes), offset)
  if (reason !== null) throw damaged(directory, segment, offset, reason)
}

function cutTail(disk: Disk, directory: string, segment: SegmentFile, file: DiskFile, offset: number): number {
  const torn = readRange(file, offset, file.sizeBytes() - offset)
  if (torn.length === 0) return 0
  replaceFile(disk, directory, `${segment.name}.${offset}.torn`, torn)
  file.truncate(offset)
  file.syncNow()
  return torn.length
}

function alteration(
  directory: string,
  segment: SegmentFile,
  { offset, broken }: { offset: number; broken: readonly NotedChain[] },
): JournalFault | null {
  const [first] = broken
  if (first === undefined) return null
  const message = `The journal was altered after it was closed: ${directory}/${segment.name}, byte ${offset}: ${otherChain(first.nextBlock)}. It is gone on with, and \`tollgate verify\` goes on telling it; what to do says docs/operations.md (Backup and restore).`
  return new JournalFault('journal_damaged', message, { place: { segment: segment.name, offset } })
}

const advice =
  'Nothing was changed. Put the file back from a copy, or move the whole journal directory away and start with an empty one ' +
  '(what was already reported stays in the usage store); `tollgate verify` shows the extent.'

function damaged(directory: string, segment: SegmentFile, offset: number, reason: string): JournalFault {
  const message = `The journal is damaged: ${directory}/${segment.name}, byte ${offset}: ${reason}. ${advice}`
  return new JournalFault('journal_damaged', message, { place: { segment: segment.name, offset } })
}
