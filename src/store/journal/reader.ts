import { JournalFault } from '#core/ledger/fault.ts'
import { findFrame, parseFrame } from '#core/ledger/frame.ts'
import { JournalBlock, type JournalEnd, type JournalPosition, type JournalSource } from '#store/ingest/source.ts'
import { type Disk, realDisk } from './disk.ts'
import { FrameScanner, type ScannedFrame } from './frame-scanner.ts'
import { listSegments, segmentName } from './segment-files.ts'
import { openSegment, type SegmentSource, segmentBytes } from './segment-source.ts'
import { beginsJournal } from './segment-start.ts'

interface FollowerOptions {
  readonly dir: string
  /** Null = the oldest block that is still there. */
  readonly position: JournalPosition | null
  readonly disk?: Disk
}

const chunkBytes = 1024 * 1024

/**
 * Follows a journal from a position on, also while another process writes it, and through compressed segments.
 *
 * Checks the form, the checksum and the number of every block, so that nothing is read twice or left out; the hash
 * chain is `verifyJournal`'s. `next` throws a JournalFault `journal_damaged` where the position is not in the journal,
 * or what comes next cannot be read and never will be.
 */
export async function openFollower(options: FollowerOptions): Promise<JournalSource> {
  return new Follower(options.disk ?? realDisk, options.dir, options.position)
}

class Follower implements JournalSource {
  readonly #disk: Disk
  readonly #directory: string
  /** Null until the journal has a first segment. */
  #at: JournalPosition | null
  #segment: SegmentSource | null = null
  #scanner = new FrameScanner()
  /** What of the segment was pushed into the scanner. */
  #pushedTo = 0
  /** Met behind blocks that were given out: what is thrown next. */
  #fault: unknown = null

  constructor(disk: Disk, directory: string, position: JournalPosition | null) {
    this.#disk = disk
    this.#directory = directory
    this.#at = position
  }

  async next(maxEntries: number): Promise<readonly JournalBlock[]> {
    const fault = this.#fault
    this.#fault = null
    if (fault !== null) throw fault
    const blocks: JournalBlock[] = []
    try {
      for (let entries = 0; ; ) {
        for (const block of await this.#readOn(maxEntries - entries)) {
          blocks.push(block)
          entries += block.lineCount
        }
        const isFilled = entries >= maxEntries || (blocks.length > 0 && !(await this.#isFollowed()))
        if (isFilled || !(await this.#enterNextSegment())) return blocks
      }
    } catch (error) {
      if (blocks.length === 0) throw error
      // What came before it is sound, and is to be had.
      this.#fault = error
      return blocks
    }
  }

  end(): JournalEnd | null {
    const last = listSegments(this.#disk, this.#directory).at(-1)
    const offset = last === undefined ? null : segmentBytes(this.#disk, this.#directory, last.name)
    return last === undefined || offset === null ? null : { segment: last.name, offset }
  }

  async close(): Promise<void> {
    this.#segment?.close()
    this.#segment = null
  }

  /** Whole blocks of the current segment. */
  async #readOn(maxEntries: number): Promise<JournalBlock[]> {
    const blocks: JournalBlock[] = []
    const at = this.#at ?? this.#oldest()
    if (at === null) return blocks
    this.#at = at
    this.#segment ??= this.#open(at) ?? (await this.#openNewJournal(at))
    for (let entries = 0; entries < maxEntries; ) {
      const next = this.#scanner.next()
      if (next.kind === 'frame') {
        const block = this.#take(next)
        if (block === null) continue
        blocks.push(block)
        entries += block.lineCount
        continue
      }
      const chunk = next.kind === 'damaged' ? null : await this.#segment.read(this.#pushedTo, chunkBytes)
      if (chunk === null || chunk.length === 0) break
      this.#pushedTo += chunk.length
      this.#scanner.push(chunk)
    }
    return blocks
  }

  #take({ frame, buffer, endOffset }: ScannedFrame): JournalBlock | null {
    const { kind, number, lineCount } = frame
    const { segment, blockNo } = this.#position()
    if (number !== blockNo + 1) throw this.#damaged(`block ${blockNo + 1} should come next, not ${number}`)
    const after = { segment, offset: endOffset, blockNo: kind === 'block' ? number : blockNo }
    this.#at = after
    return kind === 'block' ? new JournalBlock(buffer.subarray(frame.bodyStart, frame.end), lineCount, after) : null
  }

  /** At the end of what can be read: true where another segment follows; throws where the end is none. */
  async #enterNextSegment(): Promise<boolean> {
    if (this.#segment === null) return false
    const { segment, offset, blockNo } = this.#position()
    // Looked for first: what the writer adds to a segment is there before the next one is.
    const follows = await this.#hasHeader(blockNo + 1, segment)
    const later = listSegments(this.#disk, this.#directory).some(({ firstBlock }) => firstBlock > blockNo + 1)
    const rest = await this.#rest(offset)
    if (rest.length === 0 && !(await this.#reaches(offset))) {
      throw this.#damaged(
        'the segment is shorter than what was already read of it; the machine may have failed before it was durable',
      )
    }
    if (rest.length === 0 && follows) {
      this.#leave({ segment: segmentName(blockNo + 1), offset: 0, blockNo })
      return true
    }
    const frame = parseFrame(rest, 0)
    this.#scanner = new FrameScanner(offset)
    this.#pushedTo = offset
    if (frame.kind === 'block' || frame.kind === 'segment') return true
    // An end that is not whole is what a write looks like from the side, but nothing is ever written behind one.
    if (follows || later) throw this.#damaged('the segment ends early, and another one follows')
    if (rest.length > 0 && findFrame(rest, 1) !== -1)
      throw this.#damaged('unreadable bytes with sound blocks behind them')
    return false
  }

  /** Whether another segment goes on where this one was read to. Cheap where none does. */
  #isFollowed(): Promise<boolean> {
    const { segment, blockNo } = this.#position()
    return this.#hasHeader(blockNo + 1, segment)
  }

  async #reaches(offset: number): Promise<boolean> {
    if (offset === 0 || this.#segment === null || this.#segment.compressed) return true
    return (await this.#segment.read(offset - 1, 1)).length === 1
  }

  async #rest(offset: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let at = offset; ; ) {
      const piece = (await this.#segment?.read(at, chunkBytes)) ?? Buffer.alloc(0)
      if (piece.length === 0) return Buffer.concat(pieces)
      pieces.push(piece)
      at += piece.length
    }
  }

  /** Whether the segment has been begun; its file alone may be left over from a try that failed. */
  async #hasHeader(firstBlock: number, current: string): Promise<boolean> {
    const name = segmentName(firstBlock)
    if (name === current) return false
    const segment = openSegment(this.#disk, this.#directory, name)
    if (segment === null) return false
    try {
      const scanner = new FrameScanner()
      for (let at = 0; ; ) {
        const piece = await segment.read(at, chunkBytes)
        if (piece.length === 0) return false
        at += piece.length
        scanner.push(piece)
        const next = scanner.next()
        if (next.kind !== 'incomplete') return next.kind === 'frame'
      }
    } finally {
      segment.close()
    }
  }

  #oldest(): JournalPosition | null {
    const [first] = listSegments(this.#disk, this.#directory)
    return first === undefined ? null : { segment: first.name, offset: 0, blockNo: first.firstBlock - 1 }
  }

  #open(at: JournalPosition): SegmentSource | null {
    const segment = openSegment(this.#disk, this.#directory, at.segment)
    this.#scanner = new FrameScanner(at.offset)
    this.#pushedTo = at.offset
    return segment
  }

  /** The journal was moved away, and another one was begun: that one is gone on with. */
  async #openNewJournal({ blockNo }: JournalPosition): Promise<SegmentSource> {
    const [first] = listSegments(this.#disk, this.#directory)
    const isNew = first !== undefined && first.firstBlock > blockNo + 1
    if (!isNew || !(await beginsJournal(this.#disk, this.#directory, first))) throw this.#damaged('the segment is gone')
    this.#at = { segment: first.name, offset: 0, blockNo: first.firstBlock - 1 }
    return this.#open(this.#at) ?? this.#openNewJournal(this.#at)
  }

  #leave(at: JournalPosition): void {
    this.#segment?.close()
    this.#segment = null
    this.#at = at
  }

  #position(): JournalPosition {
    if (this.#at === null) throw new Error('a follower without a place has read something')
    return this.#at
  }

  #damaged(reason: string): JournalFault {
    const { segment, offset } = this.#position()
    const message = `The journal cannot be followed: ${this.#directory}/${segment}, byte ${offset}: ${reason}. \`tollgate verify\` shows the extent.`
    return new JournalFault('journal_damaged', message, { place: { segment, offset } })
  }
}
