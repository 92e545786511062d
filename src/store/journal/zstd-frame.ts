import { type DiskFile, readRange } from './disk.ts'

/** A part of a compressed file that can be unpacked by itself, once what stands before it has been. */
export interface PackedPart {
  /** In the compressed file. */
  readonly at: number
  readonly bytes: Buffer
  /** The file does not end within it. */
  readonly isWhole: boolean
  /** Nothing of the compressed content stands behind it. */
  readonly isLast: boolean
}

const magic = 0xfd2fb528
const mostHeaderBytes = 18
const blockHeaderBytes = 3
const checksumBytes = 4
const runBlock = 1
const contentSizeBytes = [0, 2, 4, 8]
const dictionaryBytes = [0, 1, 2, 4]

/**
 * Cuts a compressed file into the parts of its one Zstandard frame (RFC 8878, section 3.1.1): header, blocks, checksum.
 * Ends after the part that is the last one, or is not whole; where no such frame begins, the first is neither. Only what
 * was unpacked without a fault has proven where the part behind it begins.
 */
export function* packedParts(file: DiskFile): Generator<PackedPart> {
  const header = readRange(file, 0, mostHeaderBytes)
  const headerBytes = frameHeaderBytes(header)
  if (headerBytes === null || header.length < headerBytes) {
    yield { at: 0, bytes: header, isWhole: false, isLast: false }
    return
  }
  yield { at: 0, bytes: header.subarray(0, headerBytes), isWhole: true, isLast: false }
  const hasChecksum = ((header[4] ?? 0) & 4) !== 0
  let at = headerBytes
  for (let isLastBlock = false; !isLastBlock; ) {
    const lead = readRange(file, at, blockHeaderBytes)
    const field = lead.length < blockHeaderBytes ? 0 : lead.readUIntLE(0, blockHeaderBytes)
    isLastBlock = (field & 1) === 1
    const wanted = blockHeaderBytes + (((field >> 1) & 3) === runBlock ? 1 : field >> 3)
    const bytes = readRange(file, at, wanted)
    const isWhole = bytes.length === wanted
    yield { at, bytes, isWhole, isLast: isWhole && isLastBlock && !hasChecksum }
    if (!isWhole) return
    at += wanted
  }
  if (!hasChecksum) return
  const checksum = readRange(file, at, checksumBytes)
  const isWhole = checksum.length === checksumBytes
  yield { at, bytes: checksum, isWhole, isLast: isWhole }
}

/** Null where no frame begins. */
function frameHeaderBytes(start: Buffer): number | null {
  const descriptor = start[4]
  if (descriptor === undefined || start.readUInt32LE(0) !== magic) return null
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = isSingleSegment && sizeFlag === 0 ? 1 : (contentSizeBytes[sizeFlag] ?? 0)
  return 5 + (isSingleSegment ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + sizeBytes
}
