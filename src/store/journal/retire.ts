import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { constants, createZstdCompress } from 'node:zlib'
import type { JournalPosition } from '#store/ingest/source.ts'
import { type Disk, realDisk, writeAll } from './disk.ts'
import { writeMark } from './marks.ts'
import { SegmentEnds } from './segment-ends.ts'
import { compressedName, listSegments, type SegmentFile } from './segment-files.ts'
import { openPacked, openSegment, type SegmentSource } from './segment-source.ts'
import { damagedSegment } from './segment-start.ts'

interface RetireOptions {
  readonly dir: string
  /** Everything before it is in the store. */
  readonly ingested: JournalPosition
  /** How long a segment is kept after its last block was written. */
  readonly keepMs: number
  /** Null: nobody knows what time it is, and nothing is deleted. */
  readonly nowMs: number | null
  readonly disk?: Disk
}

interface Retirement {
  readonly compressed: number
  readonly deleted: number
}

const chunkBytes = 256 * 1024

/**
 * Compresses the segments that are wholly in the store, and deletes those that retention no longer wants. The newest
 * segment, and one of which a block has not been ingested, stays as it is. May run while others write and follow.
 *
 * @throws JournalFault `journal_damaged` where a segment cannot be read back as it was; it then stays.
 */
export async function retireSegments(options: RetireOptions): Promise<Retirement> {
  const disk = options.disk ?? realDisk
  const { dir, ingested, keepMs, nowMs } = options
  const segments = listSegments(disk, dir)
  // Of the last of them a block is ingested, so its header is whole and those before it are finished.
  const begun = segments.filter(({ firstBlock }, index) => index === 0 || firstBlock <= ingested.blockNo)
  const ends = new SegmentEnds(disk, dir, begun)
  let [compressed, deleted] = [0, 0]
  let mayDelete = nowMs !== null
  for (const [index, segment] of begun.entries()) {
    const following = begun[index + 1]
    if (following === undefined) break
    const { previousChain } = await ends.header(index + 1)
    mayDelete &&= nowMs !== null && (await ends.endedMs(index, nowMs)) + keepMs <= nowMs
    if (mayDelete) {
      // First the mark: a death in between leaves a segment too many, never one that nobody can explain the lack of.
      writeMark(disk, dir, 'retired', { nextBlock: following.firstBlock, chain: previousChain })
      disk.remove(`${dir}/${segment.name}`)
      disk.remove(`${dir}/${compressedName(segment.name)}`)
      disk.remove(draftOf(dir, segment))
      deleted++
    } else if (!segment.compressed) {
      await compress(disk, dir, segment)
      compressed++
    }
  }
  return { compressed, deleted }
}

/** Puts the compressed form in place of the plain one, after it was unpacked again and found equal. */
async function compress(disk: Disk, directory: string, segment: SegmentFile): Promise<void> {
  const draftPath = draftOf(directory, segment)
  const written = await pack(disk, directory, { name: segment.name, draftPath })
  const unpacked = openPacked(disk, draftPath, segment.name)
  try {
    if ((await digest(unpacked)) !== written)
      throw damagedSegment(segment.name, 'its compressed form does not read back as it was')
  } finally {
    unpacked.close()
  }
  disk.rename(draftPath, `${directory}/${compressedName(segment.name)}`)
  disk.syncDirectory(directory)
  disk.remove(`${directory}/${segment.name}`)
}

/** Left behind by a death, it is written over by the next try, if there is one before the segment is deleted. */
function draftOf(directory: string, { name }: SegmentFile): string {
  return `${directory}/${name}.packing`
}

/** Returns the digest of the plain content. */
async function pack(disk: Disk, directory: string, names: { name: string; draftPath: string }): Promise<string> {
  const source = openSegment(disk, directory, names.name)
  if (source === null || source.compressed) throw new Error(`${names.name} is not a plain segment`)
  const digester = createHash('sha256')
  const draft = disk.open(names.draftPath, 'write')
  try {
    draft.truncate(0)
    const packer = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } })
    const plain = Readable.from(digested(source, digester), { objectMode: false })
    plain.on('error', (fault) => packer.destroy(fault))
    let at = 0
    for await (const piece of plain.pipe(packer)) {
      writeAll(draft, piece, at)
      at += piece.length
    }
    await draft.sync()
  } finally {
    draft.close()
    source.close()
  }
  return digester.digest('hex')
}

async function* digested(source: SegmentSource, digester: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const piece = await source.read(at, chunkBytes)
    if (piece.length === 0) return
    digester.update(piece)
    yield piece
    at += piece.length
  }
}

async function digest(source: SegmentSource): Promise<string> {
  const digester = createHash('sha256')
  for await (const _ of digested(source, digester));
  return digester.digest('hex')
}
