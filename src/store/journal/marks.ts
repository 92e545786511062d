import { type Disk, readSmallFile, replaceFile } from './disk.ts'

/** A place between two blocks, with the state of the hash chain there. */
export interface Mark {
  /** Number of the block behind the place. */
  readonly nextBlock: number
  readonly chain: string
}

/**
 * closed: how far the journal went at the last clean stop. retired: up to where retention has deleted it.
 *
 * A hash chain alone cannot tell that its last blocks, or its first, were taken away; together with the marks it can.
 */
type MarkName = 'closed' | 'retired'

export function writeMark(disk: Disk, directory: string, name: MarkName, mark: Mark): void {
  replaceFile(disk, directory, `${name}.json`, Buffer.from(`${JSON.stringify(mark)}\n`))
}

/** Null where there is none, or none that can be read: it then says nothing, which is as good as none. */
export function readMark(disk: Disk, directory: string, name: MarkName): Mark | null {
  const content = readSmallFile(disk, `${directory}/${name}.json`)
  if (content === null) return null
  try {
    const { nextBlock, chain } = JSON.parse(content.toString()) as Record<string, unknown>
    return typeof nextBlock === 'number' && typeof chain === 'string' ? { nextBlock, chain } : null
  } catch {
    return null
  }
}
