import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** A directory cannot be made. `code` is the operating system's; the message names the place and the reason. */
export class MakeDirectoryFault extends Error {
  override readonly name = 'MakeDirectoryFault'
  readonly code: string
  /** What is in the way, or the nearest directory that is there and takes no other. */
  readonly place: string

  constructor(code: string, place: string, reason: string, cause?: unknown) {
    super(`${place} ${reason}`, { cause })
    this.code = code
    this.place = place
  }
}

const directoryMode = 0o700

/**
 * Makes a directory for this user alone, and those above it that are missing. True where it was not there.
 *
 * One by one: Node's recursive `mkdir` says of a disk that is read only that there is no such directory, and on file
 * systems that make none, such as /proc, it never comes back.
 *
 * @throws MakeDirectoryFault
 */
export function makeDirectory(path: string): boolean {
  const missing: string[] = []
  let there = resolve(path)
  while (!isDirectory(there)) {
    missing.push(there)
    there = dirname(there)
  }
  for (const next of missing.toReversed()) makeOne(next)
  return missing.length > 0
}

/** The same, where what others could open is closed to them although it was there. @throws MakeDirectoryFault */
export function makePrivateDirectory(path: string): void {
  makeDirectory(path)
  closeToOthers(path)
}

/** Leaves a file or directory to its owner alone. What belongs to somebody else is theirs to close, and stays as it is. */
export function closeToOthers(path: string): void {
  const { mode, uid } = statSync(path)
  if ((mode & othersMode) !== 0 && uid === process.getuid?.()) chmodSync(path, mode & 0o7700)
}

const othersMode = 0o077

/** @throws MakeDirectoryFault where something else is there. */
function isDirectory(path: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true
  } catch (fault) {
    const code = codeOf(fault)
    // Below a file, the file is what is found next.
    if (code === 'ENOTDIR') return false
    if (code !== 'ENOENT') throw new MakeDirectoryFault(code, path, `cannot be looked at (${reasonOf(code)})`, fault)
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false
    throw new MakeDirectoryFault('ENOTDIR', path, 'is a link to something that is not there', fault)
  }
  throw new MakeDirectoryFault('ENOTDIR', path, 'is a file')
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: directoryMode })
  } catch (fault) {
    const code = codeOf(fault)
    // Another process may have been faster.
    if (code === 'EEXIST' && isDirectory(path)) return
    throw new MakeDirectoryFault(code, dirname(path), `takes no new directory (${reasonOf(code)})`, fault)
  }
}

function reasonOf(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read only'
    case 'ENOENT':
      return 'its file system makes none'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left on the disk'
    default:
      return code
  }
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : ''
}
