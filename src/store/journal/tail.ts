import { genesisChain } from '#core/ledger/chain.ts'
import type { OpenEntry } from '#core/ledger/entry.ts'
import { frameHeadroomBytes, maxBodyBytes, parseFrame, sealFrame } from '#core/ledger/frame.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { encodeSegmentHeader } from '#core/ledger/segment-header.ts'
import { writeEntry } from '#core/ledger/write-entry.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { type Disk, type DiskFile, readRange, writeAll } from './disk.ts'
import type { JournalEnd } from './recover.ts'
import { segmentName } from './segment-files.ts'

/**
 * The end of the journal, where blocks are added. Everything here blocks the thread and throws as the disk does; after
 * a throw the journal is as it was before, or will be once `trim` has succeeded, and no block is written before that.
 */
export class Tail {
  readonly #disk: Disk
  readonly #directory: string
  readonly #instance: string
  #file: DiskFile
  #segment: string
  #offset: number
  #blockBytes: number
  #nextBlock: number
  #chain: string
  /** A failed write may have left bytes behind the end. */
  #ragged = false
  /** A segment that was begun and could not be taken away again. It must be gone before the one before it grows. */
  #leftover: string | null = null
  /** What is durable of this segment. */
  #syncedOffset: number

  private constructor(disk: Disk, directory: string, instance: string, at: { file: DiskFile; end: TailEnd }) {
    this.#disk = disk
    this.#directory = directory
    this.#instance = instance
    this.#file = at.file
    this.#segment = at.end.segment
    this.#offset = at.end.offset
    this.#blockBytes = at.end.blockBytes
    this.#nextBlock = at.end.nextBlock
    this.#chain = at.end.chain
    this.#syncedOffset = at.end.offset
  }

  /** Goes on where recovery found the end, or begins the first segment, with a block of that number. */
  static open(
    disk: Disk,
    directory: string,
    end: JournalEnd | number,
    begun: { instance: string; nowMs: number },
  ): Tail {
    if (typeof end !== 'number') {
      const file = disk.open(`${directory}/${end.segment.name}`, 'write')
      const blockBytes = end.nextBlock === end.segment.firstBlock ? 0 : end.offset
      return new Tail(disk, directory, begun.instance, { file, end: { ...end, segment: end.segment.name, blockBytes } })
    }
    const fresh = { segment: segmentName(end), offset: 0, blockBytes: 0, nextBlock: end, chain: genesisChain }
    const file = disk.open(`${directory}/${fresh.segment}`, 'write')
    const tail = new Tail(disk, directory, begun.instance, { file, end: fresh })
    tail.#offset = tail.#writeHeader(file, tail.#header(begun.nowMs, []), 1)
    disk.syncDirectory(directory)
    return tail
  }

  /**
   * Size of the blocks in this segment. Its header does not count: with many running calls it can be larger than a
   * segment is meant to be, and a segment without a block must not be followed by another of the same name.
   */
  get segmentBytes(): number {
    return this.#blockBytes
  }

  get nextBlock(): number {
    return this.#nextBlock
  }

  get chain(): string {
    return this.#chain
  }

  /** Right behind the last block. */
  get position(): JournalPosition {
    return { segment: this.#segment, offset: this.#offset, blockNo: this.#nextBlock - 1 }
  }

  /** Adds a block of at least one line. Returns its size in bytes. */
  append(lines: LineWriter, lineCount: number): number {
    this.trim()
    const { bytes, chain } = sealFrame({ kind: 'block', number: this.#nextBlock, lineCount }, lines, this.#chain)
    this.#ragged = true
    writeAll(this.#file, bytes, this.#offset)
    this.#ragged = false
    this.#offset += bytes.length
    this.#blockBytes += bytes.length
    this.#nextBlock++
    this.#chain = chain
    return bytes.length
  }

  /** Takes away what a failed write has left. Cheap where there is nothing to do. */
  trim(): void {
    if (this.#leftover !== null) {
      this.#disk.remove(this.#leftover)
      // It must not come back after a power failure either, when the one before has grown past it.
      this.#disk.syncDirectory(this.#directory)
      this.#leftover = null
    }
    if (!this.#ragged) return
    this.#file.truncate(this.#offset)
    this.#ragged = false
  }

  /**
   * Begins a new segment, whose header carries the lines of the calls now running.
   *
   * To be called right after `syncNow`: the old segment is durable before the new one is there, so a hole can only ever
   * be at the journal's very end, and a start needs to look at one segment only. Returns false, with nothing done, where the running calls do not fit into a header.
   */
  rotate(running: readonly OpenEntry[], nowMs: number): boolean {
    const header = this.#header(nowMs, running)
    if (header.length > maxBodyBytes / 2) return false
    this.trim()
    const path = `${this.#directory}/${segmentName(this.#nextBlock)}`
    const chainBefore = this.#chain
    const file = this.#disk.open(path, 'write')
    this.#leftover = path
    let headerBytes = 0
    try {
      file.truncate(0)
      headerBytes = this.#writeHeader(file, header, 1 + running.length)
      this.#disk.syncDirectory(this.#directory)
    } catch (fault) {
      this.#chain = chainBefore
      file.close()
      throw fault
    }
    this.#leftover = null
    this.#file.close()
    this.#file = file
    this.#segment = segmentName(this.#nextBlock)
    this.#offset = headerBytes
    this.#blockBytes = 0
    this.#syncedOffset = 0
    return true
  }

  #header(nowMs: number, running: readonly OpenEntry[]): LineWriter {
    const lines = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 4096 })
    const header = { version: 1 as const, previousChain: this.#chain, instance: this.#instance, createdAtMs: nowMs }
    lines.line(encodeSegmentHeader(header))
    for (const entry of running) {
      writeEntry(lines, entry)
      lines.endLine()
    }
    return lines
  }

  #writeHeader(file: DiskFile, header: LineWriter, lineCount: number): number {
    const { bytes, chain } = sealFrame({ kind: 'segment', number: this.#nextBlock, lineCount }, header, this.#chain)
    writeAll(file, bytes, 0)
    this.#chain = chain
    return bytes.length
  }

  syncNow(): void {
    this.#file.syncNow()
    this.#syncedOffset = this.#offset
  }

  /** Makes durable what stands now. Not to be called again, nor `rotate`, before it has ended. */
  async sync(): Promise<void> {
    const reached = this.#offset
    await this.#file.sync()
    this.#syncedOffset = reached
  }

  /**
   * After a failed sync: writes again what is not known to be durable.
   *
   * A kernel that could not write a page out may mark it clean all the same, so a second sync would succeed without
   * having done anything (Linux did, see "PostgreSQL's fsync() surprise", https://lwn.net/Articles/752063/). Written
   * again, the pages are dirty again. They are checked first: the kernel may also have dropped them.
   */
  rewriteUnsynced(): void {
    this.trim()
    const bytes = readRange(this.#file, this.#syncedOffset, this.#offset - this.#syncedOffset)
    for (let at = 0; at < this.#offset - this.#syncedOffset; ) {
      const frame = parseFrame(bytes, at)
      if (frame.kind !== 'block' && frame.kind !== 'segment') throw new LostPages(this.#syncedOffset + at)
      at = frame.end
    }
    writeAll(this.#file, bytes, this.#syncedOffset)
  }

  close(): void {
    this.#file.close()
  }
}

interface TailEnd {
  readonly segment: string
  readonly offset: number
  readonly blockBytes: number
  readonly nextBlock: number
  readonly chain: string
}

/** What had been written is no longer there: the machine has lost it between `write` and `fsync`. */
class LostPages extends Error {
  override readonly name = 'LostPages'

  constructor(offset: number) {
    super(`what was written at byte ${offset} is gone`)
  }
}
