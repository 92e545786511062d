import { Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import { JournalFault } from '#core/ledger/fault.ts'
import { type Disk, type DiskFile, faultCode, readRange } from './disk.ts'
import { compressedName } from './segment-files.ts'

/** The content of a segment, whether or not its file is compressed. Places are those of the uncompressed content. */
export interface SegmentSource {
  readonly compressed: boolean
  /**
   * Up to so many bytes from a place on; none at the end. Cheapest when places only go up.
   *
   * @throws JournalFault `journal_damaged` where a compressed file cannot be unpacked.
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

const packedChunkBytes = 256 * 1024

class CompressedSegment implements SegmentSource {
  readonly compressed = true
  readonly #file: DiskFile
  readonly #name: string
  #unpacked: AsyncIterator<Buffer> | null = null
  #chunk: Buffer = Buffer.alloc(0)
  /** Of the chunk's first byte. */
  #chunkAt = 0

  constructor(file: DiskFile, name: string) {
    this.#file = file
    this.#name = name
  }

  async read(at: number, bytes: number): Promise<Buffer> {
    if (this.#unpacked === null || at < this.#chunkAt) this.#restart()
    while (at >= this.#chunkAt + this.#chunk.length) {
      this.#chunkAt += this.#chunk.length
      this.#chunk = Buffer.alloc(0)
      const next = await this.#next()
      if (next === null) return this.#chunk
      this.#chunk = next
    }
    const from = at - this.#chunkAt
    return this.#chunk.subarray(from, from + bytes)
  }

  async #next(): Promise<Buffer | null> {
    try {
      const next = await this.#unpacked?.next()
      return next === undefined || next.done === true ? null : next.value
    } catch (cause) {
      const place = { segment: compressedName(this.#name), offset: this.#chunkAt }
      const message = `${place.segment} cannot be unpacked past byte ${place.offset} of its content (${faultCode(cause)})`
      throw new JournalFault('journal_damaged', message, { place, cause })
    }
  }

  #restart(): void {
    void this.#unpacked?.return?.()
    const packed = Readable.from(pieces(this.#file), { objectMode: false })
    const unpacker = createZstdDecompress({ chunkSize: packedChunkBytes })
    packed.on('error', (fault) => unpacker.destroy(fault))
    this.#unpacked = packed.pipe(unpacker)[Symbol.asyncIterator]()
    this.#chunk = Buffer.alloc(0)
    this.#chunkAt = 0
  }

  close(): void {
    void this.#unpacked?.return?.()
    this.#file.close()
  }
}

function* pieces(file: DiskFile): Generator<Buffer> {
  for (let at = 0; ; ) {
    const piece = readRange(file, at, packedChunkBytes)
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}
