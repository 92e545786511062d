import { JournalFault } from '#core/ledger/fault.ts'
import type { SegmentHeader } from '#core/ledger/segment-header.ts'
import type { Disk } from './disk.ts'
import type { SegmentFile } from './segment-files.ts'
import { readHeader } from './segment-start.ts'

/** Before it there was nothing that writes segments: a clock that says so was never set. */
const firstPossibleMs = Date.UTC(2025, 0, 1)

/**
 * When segments ended: when the one behind each was begun. The clock may have been wrong then. A time that is yet to come,
 * or cannot have been, says nothing, and one before that of an earlier segment too little; the next segment's that can be
 * believed stands in for it, which is later. So a segment is never older than it is, and none is kept for ever.
 */
export class SegmentEnds {
  readonly #disk: Disk
  readonly #directory: string
  readonly #segments: readonly SegmentFile[]
  readonly #headers: Promise<SegmentHeader>[] = []
  #earliestMs = firstPossibleMs

  /** @param segments oldest first; of the last one nothing but its begin is known. */
  constructor(disk: Disk, directory: string, segments: readonly SegmentFile[]) {
    this.#disk = disk
    this.#directory = directory
    this.#segments = segments
  }

  /** @throws JournalFault `journal_damaged` */
  header(index: number): Promise<SegmentHeader> {
    const segment = this.#segments[index]
    if (segment === undefined) throw new RangeError(`there is no segment ${index}`)
    this.#headers[index] ??= readHeader(this.#disk, this.#directory, segment)
    return this.#headers[index]
  }

  /** To be asked of one segment after the other. The present where nothing better can be told. @throws JournalFault */
  async endedMs(index: number, nowMs: number): Promise<number> {
    const begunMs = await this.#begunMs(index)
    if (begunMs <= nowMs) this.#earliestMs = Math.max(this.#earliestMs, begunMs)
    for (let from = index + 1; from < this.#segments.length; from++) {
      const { createdAtMs } = await this.header(from)
      if (createdAtMs >= this.#earliestMs && createdAtMs <= nowMs) return createdAtMs
    }
    return nowMs
  }

  /** A header that cannot be read keeps nobody from telling when the segment ended. */
  async #begunMs(index: number): Promise<number> {
    try {
      return (await this.header(index)).createdAtMs
    } catch (error) {
      if (error instanceof JournalFault) return firstPossibleMs
      throw error
    }
  }
}
