import { randomBytes } from 'node:crypto'
import type { Clock, JournalRefusal } from '#ports.ts'
import { type Disk, faultCode, writeAll } from './disk.ts'

interface SpaceParts {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly minFreeBytes: number
  readonly reserveBytes: number
}

const checkEveryMs = 1000
const reserveName = 'reserve'
const pieceBytes = 256 * 1024

/** True for the faults that mean: no room. */
export function isNoRoom(fault: unknown): boolean {
  const code = faultCode(fault)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/**
 * Watches the room on the disk, and keeps some of it back.
 *
 * The reserve is a file of a few megabytes, written and not merely promised. When the disk is full it is given up, so
 * that the calls then running can still be settled; new ones are refused until it could be made again.
 */
export class Space {
  readonly #parts: SpaceParts
  #checkedAtMs = Number.NEGATIVE_INFINITY
  #freeBytes = 0
  #reserved = false
  #refusal: JournalRefusal | null = null

  constructor(parts: SpaceParts) {
    this.#parts = parts
    this.#reserved = this.#reserveStands()
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** As `refusal` was when it was last asked for, or a write found no room since. */
  get lastRefusal(): JournalRefusal | null {
    return this.#refusal
  }

  /** Null while there is room for new calls. Asks the disk at most once a second. */
  refusal(): JournalRefusal | null {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#checkedAtMs >= checkEveryMs) {
      this.#checkedAtMs = nowMs
      this.#refusal = this.#check()
    }
    return this.#refusal
  }

  /** A write found no room: gives up the reserve, and refuses new calls from now on. */
  giveUpReserve(): void {
    const { disk, directory, clock } = this.#parts
    this.#reserved = false
    this.#checkedAtMs = clock.monotonicMs()
    this.#refusal = this.#full('The disk takes no more')
    try {
      disk.remove(`${directory}/${reserveName}`)
    } catch {
      // Nothing worse than what is the case already: the caller's next try to write shows it.
    }
  }

  #check(): JournalRefusal | null {
    const { disk, directory, minFreeBytes, reserveBytes } = this.#parts
    try {
      this.#freeBytes = disk.freeBytes(directory)
    } catch (fault) {
      return {
        code: 'journal_failing',
        message: `The room on the disk of ${directory} cannot be read: ${faultCode(fault)}.`,
      }
    }
    const wantedBytes = this.#reserved ? minFreeBytes : minFreeBytes + reserveBytes
    if (this.#freeBytes < wantedBytes) {
      return this.#full(
        `The disk has ${megabytes(this.#freeBytes)} MB free, and ${megabytes(wantedBytes)} MB are wanted`,
      )
    }
    if (!this.#reserved) this.#reserved = this.#makeReserve()
    return this.#reserved ? null : this.#full('The disk takes no more')
  }

  #full(what: string): JournalRefusal {
    const { directory } = this.#parts
    return {
      code: 'journal_full',
      message: `${what} (${directory}). New calls are refused until there is room; make some, nothing else is needed.`,
    }
  }

  #reserveStands(): boolean {
    const { disk, directory, reserveBytes } = this.#parts
    if (!disk.list(directory).includes(reserveName)) return false
    const file = disk.open(`${directory}/${reserveName}`, 'read')
    try {
      return file.sizeBytes() >= reserveBytes
    } finally {
      file.close()
    }
  }

  #makeReserve(): boolean {
    const { disk, directory, reserveBytes } = this.#parts
    const path = `${directory}/${reserveName}`
    try {
      const file = disk.open(path, 'write')
      try {
        // Random, so that no file system can make it small.
        const piece = randomBytes(pieceBytes)
        for (let at = 0; at < reserveBytes; at += pieceBytes) {
          writeAll(file, piece.subarray(0, Math.min(pieceBytes, reserveBytes - at)), at)
        }
        file.syncNow()
      } finally {
        file.close()
      }
      return true
    } catch {
      // No room, or a failing disk: new calls stay refused, and the next check tries again.
      return this.#dropHalfReserve(path)
    }
  }

  #dropHalfReserve(path: string): false {
    try {
      this.#parts.disk.remove(path)
    } catch {
      // A half reserve is overwritten by the next try.
    }
    return false
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0)
}
