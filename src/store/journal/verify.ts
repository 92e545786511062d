import { peekEntry } from '#core/ledger/codec.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { frameLines } from '#core/ledger/frame.ts'
import { NotedChains } from '#core/ledger/noted-chains.ts'
import { ChainWalk } from '#core/ledger/segment-header.ts'
import { type Disk, realDisk } from './disk.ts'
import { FrameScanner, type ScannedFrame } from './frame-scanner.ts'
import { otherChain, readClosings, readMark } from './marks.ts'
import { listSegments, type SegmentFile } from './segment-files.ts'
import { openSegment, type SegmentSource } from './segment-source.ts'
import { beginsJournal } from './segment-start.ts'
import { mostTornBytes, whyNotTorn } from './torn-tail.ts'

interface JournalCheck {
  readonly directory: string
  readonly segments: number
  readonly compressedSegments: number
  readonly blocks: number
  readonly entries: number
  /** Sound ones, of the uncompressed content. */
  readonly bytes: number
  readonly firstBlock: number | null
  readonly lastBlock: number | null
  /** After the last sound block: to be noted elsewhere, by whoever wants to prove later that nothing was taken away. */
  readonly lastChain: string | null
  /** Calls opened and not settled: running now, or interrupted and not yet booked as such. */
  readonly unsettledCalls: number
  /** The first bad byte, or null where every byte is as it was written. */
  readonly fault: JournalCheckFault | null
}

interface JournalCheckFault {
  /** The segment's name; the compressed file's where that itself cannot be read. */
  readonly segment: string
  /** In the segment's uncompressed content; in the compressed file where that is what `segment` names. */
  readonly offset: number
  readonly reason: string
}

interface VerifyOptions {
  readonly dir: string
  readonly disk?: Disk
  /** Told now and then how many of how many segments are done. */
  readonly onProgress?: (done: number, total: number) => void
}

const chunkBytes = 1024 * 1024
const tailLooks = 50

/**
 * Checks every byte of a journal, from the oldest segment on: form, checksums, numbering, the hash chain over all
 * segments, and the marks that say where it has to begin and how far it has to go. Works while a gateway writes it.
 */
export async function verifyJournal(options: VerifyOptions): Promise<JournalCheck> {
  return new Verification(options).run()
}

class Verification {
  readonly #disk: Disk
  readonly #options: VerifyOptions
  #walk = new ChainWalk()
  readonly #unsettled = new Set<string>()
  #segments = 0
  #compressedSegments = 0
  #blocks = 0
  #entries = 0
  #bytes = 0
  #firstBlock: number | null = null
  #lastOffset = 0
  #closed = new NotedChains([], 0)
  #fault: JournalCheckFault | null = null

  constructor(options: VerifyOptions) {
    this.#options = options
    this.#disk = options.disk ?? realDisk
  }

  async run(): Promise<JournalCheck> {
    const { dir, onProgress } = this.#options
    // Read before the segments are listed: a stop meanwhile would be one that they do not reach.
    const closings = readClosings(this.#disk, dir)
    const segments = listSegments(this.#disk, dir)
    // A stop before what retention has left cannot be checked any more.
    this.#closed = new NotedChains(closings, segments[0]?.firstBlock ?? 0)
    await this.#begin(segments[0])
    for (const [index, segment] of segments.entries()) {
      if (this.#fault !== null) break
      onProgress?.(index, segments.length)
      await this.#checkSegment(segment, index === segments.length - 1)
    }
    if (this.#fault === null) this.#checkEnd(segments.at(-1))
    const { nextBlock, chain } = this.#walk
    return {
      directory: dir,
      segments: this.#segments,
      compressedSegments: this.#compressedSegments,
      blocks: this.#blocks,
      entries: this.#entries,
      bytes: this.#bytes,
      firstBlock: this.#firstBlock,
      lastBlock: this.#blocks === 0 || nextBlock === null ? null : nextBlock - 1,
      lastChain: chain,
      unsettledCalls: this.#unsettled.size,
      fault: this.#fault,
    }
  }

  /** The journal begins where its hash chain does, or where retention says that it has stopped deleting. */
  async #begin(first: SegmentFile | undefined): Promise<void> {
    if (first === undefined) return
    const { dir } = this.#options
    const retired = readMark(this.#disk, dir, 'retired')
    this.#firstBlock = first.firstBlock
    if (first.firstBlock === 1) this.#walk = ChainWalk.fromGenesis()
    else if (first.firstBlock > (retired?.nextBlock ?? 1) && !(await beginsJournal(this.#disk, dir, first))) {
      this.#fail(
        first.name,
        0,
        `the journal begins with block ${first.firstBlock}; older segments are gone, not by retention`,
      )
    } else if (retired !== null && first.firstBlock === retired.nextBlock) this.#walk.chain = retired.chain
  }

  async #checkSegment(segment: SegmentFile, isLast: boolean): Promise<void> {
    const reason = this.#walk.enterSegment(segment.firstBlock)
    if (reason !== null) {
      this.#fail(segment.name, 0, reason)
      return
    }
    const source = openSegment(this.#disk, this.#options.dir, segment.name)
    if (source === null) {
      this.#fail(segment.name, 0, 'the segment was taken away while it was to be read')
      return
    }
    this.#segments++
    this.#lastOffset = 0
    if (source.compressed) this.#compressedSegments++
    try {
      const offset = await this.#checkFrames(segment, source, 0)
      if (this.#fault === null) await this.#checkRest(segment, source, { offset, isLast })
    } catch (fault) {
      if (!(fault instanceof JournalFault) || fault.place === null) throw fault
      this.#fail(
        fault.place.segment,
        fault.place.offset,
        `${fault.message}; its content is sound to byte ${this.#lastOffset}`,
      )
    } finally {
      source.close()
    }
  }

  /** Takes frames until the end or a fault. Returns where it stopped. */
  async #checkFrames(segment: SegmentFile, source: SegmentSource, from: number): Promise<number> {
    const scanner = new FrameScanner(from)
    for (let readTo = from; ; ) {
      const next = scanner.next()
      if (next.kind === 'damaged') return scanner.offset
      if (next.kind === 'incomplete') {
        const chunk = await source.read(readTo, chunkBytes)
        if (chunk.length === 0) return scanner.offset
        readTo += chunk.length
        scanner.push(chunk)
        continue
      }
      this.#takeFrame(segment, next)
      if (this.#fault !== null) return next.startOffset
    }
  }

  #takeFrame(segment: SegmentFile, next: ScannedFrame): void {
    const reason = this.#walk.step(next.frame, next.buffer)
    if (reason !== null) {
      this.#fail(segment.name, next.startOffset, reason)
      return
    }
    this.#lastOffset = next.endOffset
    this.#bytes += next.endOffset - next.startOffset
    if (this.#walk.hold(this.#closed, next.frame)) {
      this.#fail(segment.name, next.startOffset, otherChain(this.#closed.broken[0]?.nextBlock ?? 0))
    }
    const isBlock = next.frame.kind === 'block'
    if (isBlock) this.#blocks++
    if (isBlock) this.#entries += next.frame.lineCount
    const lines = frameLines(next.buffer, next.frame)
    // What a header carries is news only where the segments before it are gone.
    for (const line of isBlock ? lines : lines.slice(1)) {
      const entry = peekEntry(line)
      if (entry === null) {
        this.#fail(segment.name, next.startOffset, 'a line that is not an entry')
        return
      }
      if (entry.kind === 'open') this.#unsettled.add(entry.callId)
      else this.#unsettled.delete(entry.callId)
    }
  }

  /** Nothing may stand behind the last sound frame, but in the last segment a write may be under way. */
  async #checkRest(
    segment: SegmentFile,
    source: SegmentSource,
    { offset, isLast }: { offset: number; isLast: boolean },
  ): Promise<void> {
    for (let looks = 0; looks === 0 || (isLast && looks < tailLooks); looks++) {
      const rest = await source.read(offset, 1)
      if (rest.length === 0) return
      await new Promise((resolve) => setImmediate(resolve))
      // What was not sound has become so: someone is writing, and what comes behind it now is for the next check.
      if ((await this.#checkFrames(segment, source, offset)) > offset || this.#fault !== null) return
    }
    this.#fail(segment.name, offset, `not a sound block${isLast ? await this.#restHint(segment, source, offset) : ''}`)
  }

  /** Whether the next start takes it for the end of an interrupted write, as recovery does, or refuses. */
  async #restHint(segment: SegmentFile, source: SegmentSource, offset: number): Promise<string> {
    const pieces: Buffer[] = []
    for (let at = offset; at - offset <= mostTornBytes; at += pieces.at(-1)?.length ?? 0) {
      const piece = await source.read(at, Math.min(chunkBytes, mostTornBytes + 1 - (at - offset)))
      if (piece.length === 0) break
      pieces.push(piece)
    }
    const reason = whyNotTorn(Buffer.concat(pieces), offset)
    if (reason !== null) return `; ${reason}`
    const isCut = !source.compressed && this.#closed.ahead.length === 0 && (offset > 0 || segment.firstBlock === 1)
    return isCut ? '; it may be the rest of an interrupted write, and the next start then cuts it off' : ''
  }

  /** The places of the clean stops have to be passed, with the chain that each had. */
  #checkEnd(last: SegmentFile | undefined): void {
    const [noted] = this.#closed.ahead
    if (noted === undefined) return
    const { nextBlock } = noted
    const isWhole = this.#walk.nextBlock !== null && this.#walk.nextBlock >= nextBlock
    const reason = isWhole
      ? otherChain(nextBlock)
      : `the journal was closed after block ${nextBlock - 1}, and ends before it`
    this.#fail(last?.name ?? '', this.#lastOffset, reason)
  }

  #fail(segment: string, offset: number, reason: string): void {
    this.#fault ??= { segment, offset, reason }
  }
}
