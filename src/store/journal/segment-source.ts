import { JournalFault } from '#core/ledger/fault.ts'
import { type Disk, type DiskFile, faultCode, readRange } from './disk.ts'
import { compressedName } from './segment-files.ts'
import { Unpacker } from './unpacker.ts'
import { type PackedPart, packedParts } from './zstd-frame.ts'

/** The content of a segment, whether or not its file is compressed. Places are those of the uncompressed content. */
export interface SegmentSource {
  readonly compressed: boolean
  /**
   * Up to so many bytes from a place on; none at the end. Cheapest when places only go up.
   *
   * @throws JournalFault `journal_damaged` where a compressed file cannot be unpacked, or goes on
   * behind its content. The place is then one in that file, which it names.
   */
  read(at: number, bytes: number): Promise<Buffer>
  close(): void
}

/** Null where there is no such segment, in either form. */
export function openSegment(disk: Disk, directory: string, name: string): SegmentSource | null {
  const plain = openIfThere(disk, `${directory}/${name}`)
  if (plain !== null) return new PlainSegment(plain)
  const packed = openIfThere(disk, `${directory}/${compressedName(name)}`)
  return packed === null ? null : new CompressedSegment(packed, name)
}

/** How long a segment is by now; null where there is none that is not compressed. */
export function segmentBytes(disk: Disk, directory: string, name: string): number | null {
  const file = openIfThere(disk, `${directory}/${name}`)
  try {
    return file?.sizeBytes() ?? null
  } finally {
    file?.close()
  }
}

/** The compressed form at a path of its own. */
export function openPacked(disk: Disk, path: string, name: string): SegmentSource {
  return new CompressedSegment(disk.open(path, 'read'), name)
}

function openIfThere(disk: Disk, path: string): DiskFile | null {
  try {
    return disk.open(path, 'read')
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return null
    throw fault
  }
}

class PlainSegment implements SegmentSource {
  readonly compressed = false
  readonly #file: DiskFile

  constructor(file: DiskFile) {
    this.#file = file
  }

  async read(at: number, bytes: number): Promise<Buffer> {
    // At the end, where a follower looks most often, nothing is to be allocated.
    const there = Math.max(0, this.#file.sizeBytes() - at)
    return readRange(this.#file, at, Math.min(bytes, there))
  }

  close(): void {
    this.#file.close()
  }
}

class CompressedSegment implements SegmentSource {
  readonly compressed = true
  readonly #file: DiskFile
  readonly #name: string
  #parts: Iterator<PackedPart> | null = null
  #unpacker: Unpacker | null = null
  /** Where in the file the parts that were unpacked end, and whether nothing more is to come. */
  #unpackedTo = 0
  /** The last part that held any content. */
  #blockAt = 0
  #isWhole = false
  #fault: JournalFault | null = null
  #chunk: Buffer = Buffer.alloc(0)
  /** Of the chunk's first byte. */
  #chunkAt = 0

  constructor(file: DiskFile, name: string) {
    this.#file = file
    this.#name = compressedName(name)
  }

  async read(at: number, bytes: number): Promise<Buffer> {
    if (this.#unpacker === null || at < this.#chunkAt) this.#unpacker = this.#restart()
    while (at >= this.#chunkAt + this.#chunk.length) {
      this.#chunkAt += this.#chunk.length
      this.#chunk = Buffer.alloc(0)
      const next = await this.#next(this.#unpacker)
      if (next === null) return this.#chunk
      this.#chunk = next
    }
    const from = at - this.#chunkAt
    return this.#chunk.subarray(from, from + bytes)
  }

  /** Null at the end of the content, with which the file has to end as well. */
  async #next(unpacker: Unpacker): Promise<Buffer | null> {
    if (this.#fault !== null) throw this.#fault
    if (this.#isWhole) {
      const behind = this.#file.sizeBytes() - this.#unpackedTo
      if (behind > 0)
        throw this.#damaged(this.#unpackedTo, `is over at byte ${this.#unpackedTo}, ${behind} before its end`)
      return null
    }
    const part = this.#parts?.next().value
    if (part?.isWhole !== true) {
      throw this.#damaged(this.#unpackedTo, `is not whole: it breaks off in what begins at byte ${this.#unpackedTo}`)
    }
    let unpacked: Buffer
    try {
      unpacked = await unpacker.unpack(part.bytes)
    } catch (cause) {
      // Where the checksum fails, something before it may have been unpacked to what was never packed.
      const at = part.isLast ? this.#blockAt : part.at
      throw this.#damaged(at, `cannot be unpacked from byte ${at} on (${faultCode(cause)})`, cause)
    }
    if (unpacked.length > 0) this.#blockAt = part.at
    this.#unpackedTo = part.at + part.bytes.length
    this.#isWhole = part.isLast
    return unpacked
  }

  /** @param at in the compressed file: nothing else of it is known. */
  #damaged(at: number, reason: string, cause?: unknown): JournalFault {
    const more = { place: { segment: this.#name, offset: at }, ...(cause === undefined ? {} : { cause }) }
    this.#fault = new JournalFault('journal_damaged', `the compressed form in ${this.#name} ${reason}`, more)
    return this.#fault
  }

  #restart(): Unpacker {
    this.#unpacker?.close()
    this.#parts = packedParts(this.#file)
    this.#unpackedTo = 0
    this.#blockAt = 0
    this.#isWhole = false
    this.#fault = null
    this.#chunk = Buffer.alloc(0)
    this.#chunkAt = 0
    return new Unpacker()
  }

  close(): void {
    this.#unpacker?.close()
    this.#file.close()
  }
}
