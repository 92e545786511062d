import { hostname } from 'node:os'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry, OpenEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { frameHeadroomBytes } from '#core/ledger/frame.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import type { NotedChain } from '#core/ledger/noted-chains.ts'
import type { Clock, Journal, JournalRefusal, Timer, Timers } from '#ports.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { type Disk, faultCode, realDisk } from './disk.ts'
import { type FsyncMode, GroupSync } from './group-sync.ts'
import { writeMark } from './marks.ts'
import { PendingBlock } from './pending-block.ts'
import { recoverJournal } from './recover.ts'
import { RunningCalls } from './running-calls.ts'
import { isNoRoom, Space } from './space.ts'
import { Tail } from './tail.ts'

export interface JournalOptions {
  /** Made where it does not exist. One writer at a time: see lockDirectory. */
  readonly dir: string
  readonly fsync: FsyncMode
  /** group: the longest that a written entry waits for its sync to begin. */
  readonly groupMs: number
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number
  readonly minFreeBytes: number
  readonly clock: Clock
  readonly timers: Timers
  readonly disk?: Disk
  /**
   * The number of the first block, where there is no journal yet; default 1. Above all that anybody remembers of one
   * that was moved away: whoever followed that one then goes on with this one.
   */
  readonly firstBlock?: () => Promise<number>
  /** Names the writer in segment headers. */
  readonly instance?: string
  /** What is kept back for the calls that run when the disk becomes full. */
  readonly reserveBytes?: number
  /**
   * Called for every block, in order, when it has been written and before anybody is told: what is added up from the
   * entries is then never behind what a caller knows.
   */
  readonly onWritten?: (entries: readonly LedgerEntry[], after: JournalPosition) => void
  /** Called after every sync in the background, with how long it took. */
  readonly onSynced?: (durationMs: number) => void
}

/** The calls whose open entry has no settle entry: whoever opened the journal settles them as interrupted. */
export interface RecoveredOpens {
  readonly opens: readonly OpenEntry[]
  /** Bytes of a broken last write that were cut off, and kept in a `.torn` file. Nothing in them was acknowledged. */
  readonly tornBytes: number
  /** Where the journal is not the one that was closed, though it is sound by itself: somebody computed its sums anew. */
  readonly altered: JournalFault | null
}

/** Counted since the journal was opened. */
interface JournalStats {
  readonly entries: number
  readonly blocks: number
  readonly bytes: number
  readonly segments: number
  /** Handed in and not yet written. */
  readonly pendingEntries: number
  readonly runningCalls: number
  readonly syncs: number
  readonly syncLastMs: number
  readonly syncMaxMs: number
  /** At the last look, at most a second old while calls come in. */
  readonly freeBytes: number
}

export interface WatchedJournal extends Journal {
  /** Right behind the last block that was written. */
  readonly position: JournalPosition
  stats(): JournalStats
}

const blockBytes = 512 * 1024
const retryMs = 250
const rotateAgainMs = 1000
const defaultReserveBytes = 4 * 1024 * 1024

/**
 * Opens the journal of a directory for writing, after recovering what the last writer has left.
 *
 * @throws JournalFault `journal_damaged` where the journal's end is not what was written; `journal_unusable` where the
 * directory cannot be read or written, or has no room for even a first block.
 */
export async function openJournal(
  options: JournalOptions,
): Promise<{ journal: WatchedJournal; recovered: RecoveredOpens }> {
  const disk = options.disk ?? realDisk
  try {
    disk.makeDirectory(options.dir)
    const { end, tornBytes, altered, unproven } = recoverJournal(disk, options.dir)
    const begun = { instance: options.instance ?? `${hostname()}:${process.pid}`, nowMs: options.clock.wallMs() }
    const from = end ?? (await options.firstBlock?.()) ?? 1
    const tail = Tail.open(disk, options.dir, from, begun)
    const opens = [...(end?.running.values() ?? [])].map(decodeEntry).filter((entry) => entry.kind === 'open')
    const journal = new JournalWriter(options, disk, { tail, running: new RunningCalls(opens), unproven })
    return { journal, recovered: { opens, tornBytes, altered } }
  } catch (cause) {
    if (faultCode(cause) === '' || cause instanceof JournalFault) throw cause
    throw new JournalFault('journal_unusable', `The journal in ${options.dir} cannot be opened: ${String(cause)}`, {
      cause,
    })
  }
}

/** From where a writer goes on. */
interface Begun {
  readonly tail: Tail
  readonly running: RunningCalls
  /** Stops that the next one is not to make forgotten. */
  readonly unproven: readonly NotedChain[]
}

class JournalWriter implements WatchedJournal {
  readonly #options: JournalOptions
  readonly #disk: Disk
  readonly #tail: Tail
  readonly #running: RunningCalls
  readonly #unproven: readonly NotedChain[]
  readonly #space: Space
  readonly #sync: GroupSync
  /** In the order in which they will be written; entries are added to the last. */
  readonly #queue: PendingBlock[] = []
  /** Memory of a block that was written, for the next one. */
  #spare: LineWriter | null = null
  #flushDue = false
  #closed = false
  /** Why the last write or sync failed, until one has succeeded again. */
  #trouble: JournalRefusal | null = null
  #syncBroken = false
  #rotateNotBeforeMs = Number.NEGATIVE_INFINITY
  #retry: Timer | null = null
  #entries = 0
  #blocks = 0
  #bytes = 0
  #segments = 1

  constructor(options: JournalOptions, disk: Disk, begun: Begun) {
    this.#options = options
    this.#disk = disk
    const { tail } = begun
    this.#tail = tail
    this.#running = begun.running
    this.#unproven = begun.unproven
    const { dir: directory, clock, timers, minFreeBytes, fsync: mode, groupMs } = options
    const reserveBytes = options.reserveBytes ?? defaultReserveBytes
    this.#space = new Space({ disk, directory, clock, minFreeBytes, reserveBytes })
    this.#sync = new GroupSync({
      mode,
      groupMs,
      clock,
      timers,
      sync: () => tail.sync(),
      onSynced: (durationMs) => {
        options.onSynced?.(durationMs)
        this.#synced()
      },
      onFault: (fault) => this.#syncFailed(fault),
    })
    this.#space.refusal()
  }

  append(entry: LedgerEntry): Promise<void> {
    if (this.#closed) return Promise.reject(closedFault())
    if (entry.kind === 'open') {
      const refusal = this.refusal()
      if (refusal !== null) return Promise.reject(new JournalFault(refusal.code, refusal.message))
    }
    let block = this.#queue.at(-1)
    if (block === undefined || block.lines.length >= blockBytes) {
      block = new PendingBlock(
        this.#spare ?? new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: blockBytes / 8 }),
        this.#running,
      )
      this.#spare = null
      this.#queue.push(block)
    }
    try {
      const written = block.add(entry)
      this.#flushSoon()
      return written
    } catch (fault) {
      return Promise.reject(fault)
    }
  }

  get position(): JournalPosition {
    return this.#tail.position
  }

  refusal(): JournalRefusal | null {
    // Until what came in this turn of the event loop is written the clock would only say the same: twice for each call.
    return this.#trouble ?? (this.#flushDue ? this.#space.lastRefusal : this.#space.refusal())
  }

  #flushSoon(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    setImmediate(this.#flushDueNow)
  }

  readonly #flushDueNow = (): void => {
    this.#flushDue = false
    // While in trouble the retry timer decides, or every settle entry would make the disk fail once more.
    if (this.#retry === null) this.#flush()
  }

  /** Writes what is pending, in order, as far as the disk takes it. */
  #flush(): void {
    for (let block = this.#queue[0]; block !== undefined; block = this.#queue[0]) {
      this.#rotateIfFull()
      if (block.size > 0 && !this.#write(block)) return
      this.#queue.shift()
      block.lines.clear()
      this.#spare = block.lines
    }
    if (!this.#syncBroken && this.#retry === null) this.#trouble = null
  }

  /** True when the block is written or nothing is left of it; false when it has to wait for the disk. */
  #write(block: PendingBlock): boolean {
    for (let tries = 0; block.size > 0; tries++) {
      try {
        this.#bytes += this.#tail.append(block.lines, block.size)
        break
      } catch (fault) {
        if (isNoRoom(fault)) this.#noRoom(fault)
        else if (tries > 0) this.#failing(fault)
        if (tries > 0) {
          this.#retryLater()
          return block.size === 0
        }
      }
    }
    if (block.size === 0) return true
    this.#blocks++
    this.#entries += block.size
    block.track()
    this.#options.onWritten?.(block.entries, this.#tail.position)
    this.#sync.written(block)
    return true
  }

  #noRoom(cause: unknown): void {
    this.#space.giveUpReserve()
    this.#refuseOpens('journal_full', this.#space.refusal()?.message ?? '', cause)
  }

  #failing(cause: unknown): void {
    const message = `The journal in ${this.#options.dir} cannot be written: ${String(cause)}. It is tried again by itself.`
    this.#trouble = { code: 'journal_failing', message }
    this.#refuseOpens('journal_failing', message, cause)
  }

  #refuseOpens(code: JournalRefusal['code'], message: string, cause: unknown): void {
    const fault = new JournalFault(code, message, { cause })
    for (const block of this.#queue) block.refuseOpens(fault)
  }

  #retryLater(): void {
    if (this.#closed) return
    this.#retry ??= this.#options.timers.after(retryMs, () => {
      this.#retry = null
      this.#mend()
    })
  }

  #mend(): void {
    try {
      this.#tail.trim()
      if (this.#syncBroken && !this.#sync.busy) this.#tail.rewriteUnsynced()
    } catch (fault) {
      this.#failing(fault)
      this.#retryLater()
      return
    }
    if (this.#syncBroken) this.#sync.resume()
    this.#flush()
  }

  #syncFailed(fault: unknown): void {
    this.#syncBroken = true
    this.#failing(fault)
    this.#retryLater()
  }

  #synced(): void {
    this.#syncBroken = false
    // A full segment may have waited for this: a busy journal is never without a sync for long.
    this.#rotateIfFull()
    if (this.#retry === null) this.#flush()
  }

  /** Where it does not succeed the old segment goes on growing. */
  #rotateIfFull(): void {
    if (this.#tail.segmentBytes < Math.max(1, this.#options.segmentBytes) || this.#closed) return
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#sync.busy || this.#syncBroken || nowMs < this.#rotateNotBeforeMs) return
    try {
      // Blocks the thread, but little is left to sync: a background sync has ended a moment ago.
      this.#tail.syncNow()
      this.#sync.cover()
    } catch (fault) {
      this.#sync.hold()
      this.#syncFailed(fault)
      return
    }
    try {
      if (this.#tail.rotate(this.#running.opens, this.#options.clock.wallMs())) this.#segments++
      else this.#rotateNotBeforeMs = nowMs + rotateAgainMs
    } catch (fault) {
      this.#rotateNotBeforeMs = nowMs + rotateAgainMs
      if (isNoRoom(fault)) this.#noRoom(fault)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#retry?.cancel()
    this.#retry = null
    await this.#sync.stop()
    this.#flush()
    let cause: unknown
    try {
      this.#finish()
    } catch (fault) {
      cause = fault
    }
    this.#tail.close()
    if (cause === undefined && this.#queue.length === 0) return
    const { code, message } = this.refusal() ?? {
      code: 'journal_failing' as const,
      message: 'The journal cannot be written.',
    }
    const fault = new JournalFault(code, message, { cause })
    this.#sync.abandon(fault)
    for (const block of this.#queue) block.fail(fault)
    throw fault
  }

  #finish(): void {
    this.#tail.trim()
    if (this.#syncBroken) this.#tail.rewriteUnsynced()
    this.#tail.syncNow()
    this.#sync.cover()
    const { nextBlock, chain } = this.#tail
    const earlier = this.#unproven.length === 0 ? {} : { earlier: this.#unproven }
    writeMark(this.#disk, this.#options.dir, 'closed', { nextBlock, chain, ...earlier })
  }

  stats(): JournalStats {
    return {
      entries: this.#entries,
      blocks: this.#blocks,
      bytes: this.#bytes,
      segments: this.#segments,
      pendingEntries: this.#queue.reduce((sum, block) => sum + block.size, 0),
      runningCalls: this.#running.size,
      syncs: this.#sync.count,
      syncLastMs: this.#sync.lastMs,
      syncMaxMs: this.#sync.maxMs,
      freeBytes: this.#space.freeBytes,
    }
  }
}

function closedFault(): JournalFault {
  return new JournalFault('journal_closed', 'The journal is closed.')
}
