import type { Disk } from './disk.ts'

/** A file of the journal. Its name is the number of its first block. */
export interface SegmentFile {
  readonly firstBlock: number
  readonly name: string
  readonly compressed: boolean
}

const namePattern = /^([0-9]{12})\.tgj(\.zst)?$/

export function segmentName(firstBlock: number): string {
  return `${String(firstBlock).padStart(12, '0')}.tgj`
}

/** The segments of a journal, oldest first. */
export function listSegments(disk: Disk, directory: string): SegmentFile[] {
  const byBlock = new Map<number, SegmentFile>()
  for (const name of disk.list(directory)) {
    const match = namePattern.exec(name)
    if (match === null) continue
    const segment = { firstBlock: Number(match[1]), name, compressed: match[2] !== undefined }
    // Both are there only where a compression was interrupted before its last step; the original is the one to trust.
    if (!segment.compressed || !byBlock.has(segment.firstBlock)) byBlock.set(segment.firstBlock, segment)
  }
  return [...byBlock.values()].sort((a, b) => a.firstBlock - b.firstBlock)
}
