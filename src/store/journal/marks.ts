import type { NotedChain } from '#core/ledger/noted-chains.ts'
import { type Disk, readSmallFile, replaceFile } from './disk.ts'

/**
 * closed: how far the journal went at the last clean stop; `earlier` are stops before it that nobody has found to hold
 * since, so that another stop does not make a journal look sound that was altered. retired: up to where retention has
 * deleted it.
 *
 * A hash chain alone cannot tell that its last blocks, or its first, were taken away, nor that it was computed anew;
 * together with the marks it can.
 */
type MarkName = 'closed' | 'retired'

export function writeMark(
  disk: Disk,
  directory: string,
  name: MarkName,
  mark: NotedChain & { readonly earlier?: readonly NotedChain[] },
): void {
  replaceFile(disk, directory, `${name}.json`, Buffer.from(`${JSON.stringify(mark)}\n`))
}

/** Null where there is none, or none that can be read: it then says nothing, which is as good as none. */
export function readMark(disk: Disk, directory: string, name: MarkName): NotedChain | null {
  return markOf(readJson(disk, directory, name))
}

/** All stops that the journal has to be held to; none as `readMark` says. */
export function readClosings(disk: Disk, directory: string): readonly NotedChain[] {
  const value = readJson(disk, directory, 'closed')
  const earlier = typeof value === 'object' && value !== null && 'earlier' in value ? value.earlier : []
  return [...(Array.isArray(earlier) ? earlier : []), value].flatMap((one) => markOf(one) ?? [])
}

/** What is wrong where a stop is passed, or not, with another chain. */
export function otherChain(nextBlock: number): string {
  return `the hash chain is not the one with which the journal was closed before block ${nextBlock}`
}

function readJson(disk: Disk, directory: string, name: MarkName): unknown {
  const content = readSmallFile(disk, `${directory}/${name}.json`)
  try {
    return content === null ? null : JSON.parse(content.toString())
  } catch {
    return null
  }
}

function markOf(value: unknown): NotedChain | null {
  const { nextBlock, chain } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return typeof nextBlock === 'number' && typeof chain === 'string' ? { nextBlock, chain } : null
}
