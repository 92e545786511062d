import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { makeDirectory } from '../make-directory.ts'

/**
 * What the journal asks of a disk: few enough verbs that a test can make each of them fail. Everything throws as
 * `node:fs` does, with a `code`.
 */
export interface Disk {
  /** With its parents; nothing happens where it exists. */
  makeDirectory(path: string): void
  /** Names in no order; empty where there is no such directory. */
  list(directory: string): string[]
  /** `write` also reads, and makes the file where there is none. */
  open(path: string, mode: 'read' | 'write'): DiskFile
  /** Replaces what has the new name. */
  rename(from: string, to: string): void
  /** Nothing happens where there is no such file. */
  remove(path: string): void
  /** Makes the names in it durable. */
  syncDirectory(path: string): void
  /** What an ordinary user may still write. */
  freeBytes(directory: string): number
}

export interface DiskFile {
  sizeBytes(): number
  /** Bytes read; fewer than asked for at the end of the file. */
  read(into: Buffer, at: number): number
  /** Bytes written, which may be fewer than given. */
  write(bytes: Buffer, at: number): number
  truncate(sizeBytes: number): void
  /** Makes the content durable, and blocks the thread until it is. */
  syncNow(): void
  sync(): Promise<void>
  close(): void
}

const fileMode = 0o600
const fdatasyncLater = promisify(fdatasync)

export const realDisk: Disk = {
  makeDirectory(path) {
    makeDirectory(path)
  },
  list(directory) {
    try {
      return readdirSync(directory)
    } catch (fault) {
      if (faultCode(fault) === 'ENOENT') return []
      throw fault
    }
  },
  open(path, mode) {
    const flags = mode === 'write' ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY
    return new RealFile(openSync(path, flags, fileMode))
  },
  rename: renameSync,
  remove(path) {
    rmSync(path, { force: true })
  },
  syncDirectory(path) {
    const descriptor = openSync(path, constants.O_RDONLY)
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  },
  freeBytes(directory) {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  },
}

class RealFile implements DiskFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  sizeBytes(): number {
    return fstatSync(this.#descriptor).size
  }

  read(into: Buffer, at: number): number {
    return readSync(this.#descriptor, into, 0, into.length, at)
  }

  write(bytes: Buffer, at: number): number {
    return writeSync(this.#descriptor, bytes, 0, bytes.length, at)
  }

  truncate(sizeBytes: number): void {
    ftruncateSync(this.#descriptor, sizeBytes)
  }

  syncNow(): void {
    fdatasyncSync(this.#descriptor)
  }

  sync(): Promise<void> {
    return fdatasyncLater(this.#descriptor)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** The stable code of a failed call to the operating system, or '' where it is something else. */
export function faultCode(fault: unknown): string {
  if (!(fault instanceof Error) || !('code' in fault)) return ''
  return typeof fault.code === 'string' ? fault.code : ''
}

const patience = 100

/** Writes all of it, however little the disk takes at once. Throws like `write`. */
export function writeAll(file: DiskFile, bytes: Buffer, at: number): void {
  let done = 0
  let idle = 0
  while (done < bytes.length) {
    let count = 0
    try {
      count = file.write(done === 0 ? bytes : bytes.subarray(done), at + done)
    } catch (fault) {
      const code = faultCode(fault)
      if (code !== 'EINTR' && code !== 'EAGAIN') throw fault
    }
    done += count
    idle = count === 0 ? idle + 1 : 0
    if (idle > patience) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'EIO' })
  }
}

/** Reads what is there of a range. Throws like `read`. */
export function readRange(file: DiskFile, at: number, bytes: number): Buffer {
  const into = Buffer.allocUnsafe(bytes)
  let done = 0
  while (done < bytes) {
    const count = file.read(into.subarray(done), at + done)
    if (count === 0) break
    done += count
  }
  return into.subarray(0, done)
}

/** Puts a whole small file in place: it is there as before or as given, never in between. */
export function replaceFile(disk: Disk, directory: string, name: string, content: Buffer): void {
  const temporary = `${directory}/${name}.tmp`
  const file = disk.open(temporary, 'write')
  try {
    file.truncate(0)
    writeAll(file, content, 0)
    file.syncNow()
  } finally {
    file.close()
  }
  disk.rename(temporary, `${directory}/${name}`)
  disk.syncDirectory(directory)
}

/** Null where there is no such file. */
export function readSmallFile(disk: Disk, path: string): Buffer | null {
  let file: DiskFile
  try {
    file = disk.open(path, 'read')
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return null
    throw fault
  }
  try {
    return readRange(file, 0, file.sizeBytes())
  } finally {
    file.close()
  }
}
