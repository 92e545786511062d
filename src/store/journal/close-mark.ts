import { type Disk, readSmallFile, replaceFile } from './disk.ts'

/**
 * Left at a clean stop: how far the journal went. A hash chain alone cannot tell that its last blocks were taken away;
 * together with the mark it can.
 */
export interface CloseMark {
  /** Number of the block that would have come next. */
  readonly nextBlock: number
  readonly chain: string
}

const name = 'closed.json'

export function writeCloseMark(disk: Disk, directory: string, mark: CloseMark): void {
  replaceFile(disk, directory, name, Buffer.from(`${JSON.stringify(mark)}\n`))
}

/** Null where the journal was never closed cleanly. A mark that cannot be read says nothing, so it counts as none. */
export function readCloseMark(disk: Disk, directory: string): CloseMark | null {
  const content = readSmallFile(disk, `${directory}/${name}`)
  if (content === null) return null
  try {
    const { nextBlock, chain } = JSON.parse(content.toString()) as Record<string, unknown>
    return typeof nextBlock === 'number' && typeof chain === 'string' ? { nextBlock, chain } : null
  } catch {
    return null
  }
}
