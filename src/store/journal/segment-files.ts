import type { Disk } from './disk.ts'

/** A segment of the journal. Its name says the number of its first block. */
export interface SegmentFile {
  readonly firstBlock: number
  /** Without the ending of compressed ones. */
  readonly name: string
  readonly compressed: boolean
}

const namePattern = /^(([0-9]{12})\.tgj)(\.zst)?$/

export function segmentName(firstBlock: number): string {
  return `${String(firstBlock).padStart(12, '0')}.tgj`
}

export function compressedName(name: string): string {
  return `${name}.zst`
}

/** The segments of a journal, oldest first. */
export function listSegments(disk: Disk, directory: string): SegmentFile[] {
  const byBlock = new Map<number, SegmentFile>()
  for (const entry of disk.list(directory)) {
    const [, name, number, ending] = namePattern.exec(entry) ?? []
    if (name === undefined) continue
    const segment = { firstBlock: Number(number), name, compressed: ending !== undefined }
    // Both are there only where a compression was interrupted before its last step; the original is the one to trust.
    if (!segment.compressed || !byBlock.has(segment.firstBlock)) byBlock.set(segment.firstBlock, segment)
  }
  return [...byBlock.values()].sort((a, b) => a.firstBlock - b.firstBlock)
}
