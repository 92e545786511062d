import type { Clock } from '#ports.ts'
import { type Disk, readSmallFile, realDisk, replaceFile } from './disk.ts'

/** So long the clock has to have gone on evenly before anything is deleted by it. */
const believedAfterMs = 86_400_000
/** So far it may be ahead of what it said last: the machine was off, or asleep. */
const mostMissedMs = 7 * 86_400_000
/** So far it may be set back. */
const mostBackMs = 600_000

const fileName = 'clock.json'

/** One even course of the clock. */
interface Course {
  readonly sinceMs: number
  readonly lastMs: number
}

/**
 * What time it is for who deletes by age. A clock that was far ahead for a minute, as at a start before the network gave
 * the time, or far back, is not to cost anybody a record: so it is believed only after it has gone on for a day, over
 * restarts too, without a leap. What was not deleted today is tomorrow.
 */
export class RetentionClock {
  readonly #directory: string
  readonly #clock: Clock
  readonly #disk: Disk
  #course: Course | null = null
  #monotonicMs: number

  /** @param directory is made where it does not exist, and keeps what the clock said last. */
  constructor(directory: string, clock: Clock, disk: Disk = realDisk) {
    this.#directory = directory
    this.#clock = clock
    this.#disk = disk
    this.#monotonicMs = clock.monotonicMs()
  }

  /** Null while the clock is not believed. To be asked every hour or so. Throws as the disk does. */
  nowMs(): number | null {
    const [wallMs, monotonicMs] = [this.#clock.wallMs(), this.#clock.monotonicMs()]
    const before = this.#course ?? this.#read()
    const mostMs = mostMissedMs + monotonicMs - this.#monotonicMs
    const leapMs = before === null ? Number.POSITIVE_INFINITY : wallMs - before.lastMs
    const isEven = before !== null && leapMs >= -mostBackMs && leapMs <= mostMs
    const course = { sinceMs: isEven ? before.sinceMs : wallMs, lastMs: wallMs }
    this.#course = course
    this.#monotonicMs = monotonicMs
    this.#disk.makeDirectory(this.#directory)
    replaceFile(this.#disk, this.#directory, fileName, Buffer.from(`${JSON.stringify(course)}\n`))
    return wallMs - course.sinceMs >= believedAfterMs ? wallMs : null
  }

  #read(): Course | null {
    const content = readSmallFile(this.#disk, `${this.#directory}/${fileName}`)
    try {
      const { sinceMs, lastMs } = JSON.parse(content?.toString() ?? '{}') as Record<string, unknown>
      return typeof sinceMs === 'number' && typeof lastMs === 'number' ? { sinceMs, lastMs } : null
    } catch {
      return null
    }
  }
}
