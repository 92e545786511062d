import { genesisChain } from '#core/ledger/chain.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { frameLines, parseFrame } from '#core/ledger/frame.ts'
import { decodeSegmentHeader, type SegmentHeader } from '#core/ledger/segment-header.ts'
import type { Disk } from './disk.ts'
import type { SegmentFile } from './segment-files.ts'
import { openSegment } from './segment-source.ts'

const chunkBytes = 256 * 1024

/** @throws JournalFault `journal_damaged` where there is none that can be read. */
export async function readHeader(disk: Disk, directory: string, { name }: SegmentFile): Promise<SegmentHeader> {
  const source = openSegment(disk, directory, name)
  if (source === null) throw damagedSegment(name, 'the segment is gone')
  try {
    let bytes: Buffer = Buffer.alloc(0)
    for (;;) {
      const frame = parseFrame(bytes, 0)
      if (frame.kind === 'segment') {
        const header = decodeSegmentHeader(frameLines(bytes, frame)[0] ?? '')
        if (header !== null) return header
      }
      const more = frame.kind === 'incomplete' ? await source.read(bytes.length, chunkBytes) : Buffer.alloc(0)
      if (more.length === 0) throw damagedSegment(name, 'the segment has no header')
      bytes = Buffer.concat([bytes, more])
    }
  } finally {
    source.close()
  }
}

/** Whether a journal begins there, so that nothing before it is missing: its hash chain does. */
export async function beginsJournal(disk: Disk, directory: string, segment: SegmentFile): Promise<boolean> {
  try {
    return (await readHeader(disk, directory, segment)).previousChain === genesisChain
  } catch (error) {
    if (error instanceof JournalFault) return false
    throw error
  }
}

export function damagedSegment(segment: string, reason: string): JournalFault {
  return new JournalFault('journal_damaged', `${segment}: ${reason}`, { place: { segment, offset: 0 } })
}
