import { basename, dirname } from 'node:path'
import { readSmallFile, realDisk, replaceFile } from '#store/journal/disk.ts'
import type { JournalPosition } from './source.ts'

/** How far the journal is in the store. */
export interface Checkpoint {
  readonly version: 1
  /** The store that this is about: another one starts from the journal's beginning. */
  readonly storeId: string
  /** Names the journal within the store. */
  readonly journalId: string
  /** Everything before it is in the store, exactly once. Null = nothing is. */
  readonly position: JournalPosition | null
  /** The range from `position` on of which an insert was begun, whose end is not known. */
  readonly intent: Intent | null
}

interface Intent {
  readonly toBlock: number
  /** Under which the range was inserted as one; null where nobody knows in which inserts it came. */
  readonly token: string | null
}

/** Of an ingester's directory. */
export function checkpointPath(directory: string): string {
  return `${directory}/checkpoint.json`
}

/** Null where there is none yet. @throws where the file is there and cannot be read: guessing would count twice. */
export function readCheckpoint(path: string): Checkpoint | null {
  const text = readSmallFile(realDisk, path)
  if (text === null) return null
  const value: unknown = JSON.parse(text.toString())
  if (isCheckpoint(value)) return value
  throw new Error(`${path} is not a checkpoint of this version`)
}

/** On disk when it returns, the old one or the new one at any moment. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  realDisk.makeDirectory(dirname(path))
  replaceFile(realDisk, dirname(path), basename(path), Buffer.from(`${JSON.stringify(checkpoint)}\n`))
}

function isCheckpoint(value: unknown): value is Checkpoint {
  if (typeof value !== 'object' || value === null) return false
  const { version, storeId, journalId, position, intent } = value as Record<string, unknown>
  return (
    version === 1 &&
    typeof storeId === 'string' &&
    typeof journalId === 'string' &&
    (position === null || hasNumbers(position, ['offset', 'blockNo'])) &&
    (intent === null || hasNumbers(intent, ['toBlock']))
  )
}

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  return names.every((name) => typeof fields[name] === 'number')
}
