import { accessSync, chmodSync, constants, statfsSync, statSync } from 'node:fs'
import { errorCode } from '#lib/error-text.ts'
import { dataPath } from './data-paths.ts'
import { MakeDirectoryFault, makeDirectory } from './make-directory.ts'

/** The data directory cannot be used; the message says why and what to do. */
class DataDirectoryFault extends Error {
  override readonly name = 'DataDirectoryFault'
  readonly code: 'not_writable' | 'path_too_long' | 'not_a_directory' | 'no_space'

  constructor(code: DataDirectoryFault['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** Longest path of a Unix socket: sun_path less its closing zero, the smaller of Linux (108) and macOS (104). */
const mostSocketPathBytes = 103

/**
 * Makes the data directory and its folders where they are missing, for this user alone: keys' hashes, prompts' hashes
 * and costs are in it.
 *
 * @throws DataDirectoryFault
 */
export function prepareDataDirectory(dataDir: string): void {
  // Of those in it the one with the longest name.
  const longest = dataPath(dataDir, 'simulatorSocket')
  if (Buffer.byteLength(longest) > mostSocketPathBytes) {
    const most = mostSocketPathBytes - (Buffer.byteLength(longest) - Buffer.byteLength(dataDir))
    throw new DataDirectoryFault(
      'path_too_long',
      `the path of the data directory is too long for the sockets in it (at most ${most} bytes): ${dataDir}; choose a shorter data_dir`,
    )
  }
  try {
    for (const folder of [dataDir, dataPath(dataDir, 'run'), dataPath(dataDir, 'journal')]) {
      if (makeDirectory(folder)) chmodSync(folder, 0o700)
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    }
  } catch (error) {
    throw faultOf(error, dataDir)
  }
}

function faultOf(error: unknown, dataDir: string): unknown {
  const code = errorCode(error)
  const where = error instanceof MakeDirectoryFault ? `: ${error.message}` : ''
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT': {
      const message = `the data directory ${dataDir} is not writable${where}; give this user the right to write there, or choose another data_dir`
      return new DataDirectoryFault('not_writable', message, error)
    }
    case 'ENOTDIR': {
      const message = `the data directory ${dataDir} cannot be made: something is in its way${where}; choose another data_dir`
      return new DataDirectoryFault('not_a_directory', message, error)
    }
    case 'ENOSPC':
    case 'EDQUOT': {
      const message = `the data directory ${dataDir} cannot be made: no space left on the disk`
      return new DataDirectoryFault('no_space', message, error)
    }
    default: {
      if (where === '') return error
      const message = `the data directory ${dataDir} cannot be made${where}; choose another data_dir`
      return new DataDirectoryFault('not_writable', message, error)
    }
  }
}

/** What to tell people where every user of this machine may look into the data directory; null where they may not. */
export function openToAll(dataDir: string): string | null {
  const mode = statSync(dataDir).mode & 0o777
  if ((mode & 0o007) === 0) return null
  return `${dataDir} is open to all users of this machine (mode 0${mode.toString(8)}); close it: chmod 700 ${dataDir}`
}

/** Bytes that this user may still write on the disk of the directory. */
export function freeBytes(dataDir: string): number {
  const { bavail, bsize } = statfsSync(dataDir)
  return bavail * bsize
}
