import { accessSync, closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { closeToOthers, makeDirectory } from './make-directory.ts'

/** Who has a directory, as far as it said so itself. */
interface LockHolder {
  readonly pid: number
  readonly host: string
  readonly sinceMs: number
  /** Where it can be reached; empty where it is not known. */
  readonly address: string
}

export interface DirectoryLock {
  /** Twice is harmless. */
  release(): void
}

/** Another process has the directory. */
export class DirectoryLocked extends Error {
  override readonly name = 'DirectoryLocked'
  readonly code = 'directory_locked'
  readonly directory: string
  /** Null where it died or was only just starting before it could say who it is. */
  readonly holder: LockHolder | null

  constructor(directory: string, holder: LockHolder | null) {
    super(
      `${directory} is in use by ${holder === null ? 'another process' : holderText(holder)}; stop it, or choose another data directory`,
    )
    this.directory = directory
    this.holder = holder
  }
}

const sqliteBusy = 5
const lockName = 'lock'
const holderName = 'lock-holder.json'

/**
 * Takes a directory for this process alone, making it if need be.
 *
 * The lock is the operating system's own, on a SQLite file that never holds anything: it ends with the process,
 * however that ends, so there is no stale lock to take over and no process id to mistrust. (SQLite, because Node.js
 * has no file locks.) The lock file must not be opened by anything else in this process: closing it would let go of
 * the lock, which is why the holder's name stands in a file of its own.
 *
 * @throws DirectoryLocked where another process, or another call in this one, has it; MakeDirectoryFault where the directory
 * cannot be made; what `node:fs` throws where it cannot be written.
 */
export async function lockDirectory(
  directory: string,
  self: { address?: string; nowMs: number },
): Promise<DirectoryLock> {
  makeDirectory(directory)
  // SQLite reports a directory that cannot be written by a code of its own; this one says why.
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  makeLockFile(`${directory}/${lockName}`)
  const database = new DatabaseSync(`${directory}/${lockName}`)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (fault) {
    database.close()
    if (fault instanceof Error && 'errcode' in fault && fault.errcode === sqliteBusy) {
      throw new DirectoryLocked(directory, readLockHolder(directory))
    }
    throw fault
  }
  const holder = { pid: process.pid, host: hostname(), sinceMs: self.nowMs, address: self.address ?? '' }
  writeFileSync(`${directory}/${holderName}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
  renameSync(`${directory}/${holderName}.new`, `${directory}/${holderName}`)
  return {
    release() {
      if (!database.isOpen) return
      try {
        rmSync(`${directory}/${holderName}`, { force: true })
      } catch {
        // On a disk that has become read-only: it only makes a message better, and who ends has more to say.
      }
      database.close()
    },
  }
}

/** For this user alone: whoever may read a file may lock it. One that is there is not opened, see above. */
function makeLockFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (fault) {
    if (!(fault instanceof Error && 'code' in fault && fault.code === 'EEXIST')) throw fault
    closeToOthers(path)
  }
}

/** Who says that it has the directory. Whether it still does, only the lock knows. */
function readLockHolder(directory: string): LockHolder | null {
  try {
    const { pid, host, sinceMs, address } = JSON.parse(readFileSync(`${directory}/${holderName}`, 'utf8'))
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof sinceMs !== 'number') return null
    return { pid, host, sinceMs, address: typeof address === 'string' ? address : '' }
  } catch {
    // It only makes a message better.
    return null
  }
}

function holderText({ pid, host, sinceMs, address }: LockHolder): string {
  const at = address === '' ? '' : ` at ${address}`
  return `process ${pid} on ${host}${at} since ${new Date(sinceMs).toISOString()}`
}
