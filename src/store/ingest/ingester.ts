import type { Clock, Timers } from '#ports.ts'
import { StoreFault, type UsageDatabase } from '#store/usage/client.ts'
import { blockOf, insertBlock, intakeBlock, makeGood, type Repair, type UsageBlock } from '#store/usage/intake.ts'
import type { UsageRow } from '#store/usage/usage-row.ts'
import { type CollectedBlocks, type CollectTo, collectAtLeisure } from './batch.ts'
import { type Checkpoint, checkpointPath, writeCheckpoint } from './checkpoint.ts'
import { Freshness, type Reading } from './freshness.ts'
import { Pace } from './pace.ts'
import { Quarantine } from './quarantine.ts'
import { type JournalBlock, type JournalPosition, type JournalSource, type OpenSource, reaches } from './source.ts'
import { named, startingPoint } from './starting-point.ts'

export interface IngestLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface IngesterParts {
  readonly database: UsageDatabase
  /** See `storeId` of the usage store. */
  readonly storeId: string
  /** Names the journal within the store: the instance that writes it. */
  readonly journalId: string
  readonly openSource: OpenSource
  /** Holds `checkpoint.json` and `quarantine.jsonl`. */
  readonly directory: string
  readonly clock: Clock
  readonly timers: Timers
  readonly log: IngestLog
  /** Told once it is on disk that everything before the position is in the store: what lies before it may go. */
  readonly onSaved?: (position: JournalPosition) => void
  /** Told of every try to bring records into the store, verified ones included. Must not throw. */
  readonly onInsert?: (insert: InsertTry) => void
}

export interface InsertTry {
  /** False where the store did not take them, or nobody knows. */
  readonly taken: boolean
  readonly durationMs: number
}

export interface IngestState {
  readonly position: JournalPosition | null
  /** Lines of settled calls that this ingester has left behind it: the lines up to `position`. */
  readonly settled: number
  /** Records that this ingester has brought into the store, or found there when it verified an insert. */
  readonly rows: number
  /** Entries in quarantine, of all times, and those that this ingester has put there. */
  readonly quarantined: number
  readonly rejected: number
  /** Rows that an interrupted insert had left out and that were added. */
  readonly repaired: number
  /** Null while the store takes what it is given. */
  readonly fault: string | null
  /** Whether the fault is the store's. */
  readonly storeFault: boolean
}

const nothingToRepair: Repair = { records: 0, hourlyRecords: 0 }

interface UpcomingBlock {
  /** Null at the journal's end. */
  readonly collected: CollectedBlocks | null
  readonly block: UsageBlock
  readonly reading: Reading
}

/**
 * Half of them are settled calls. An insert costs tens of milliseconds before its first row, so catching up wants large
 * ones; still far below the rows that the engine takes as one block. A quiet journal gives smaller ones.
 */
const batchEntries = 64_000
/** So many rows of one insert say that there is more: the next is prepared meanwhile and follows at once. */
const backlogRows = 4_000
const firstRetryMs = 250
const longestRetryMs = 10_000
/** A checkpoint that lags behind only makes the next start verify more. */
const idleWriteMs = 1_000

/**
 * Follows the journal into the store: every settled call becomes one row, exactly once, whenever this process or the
 * store dies. Before an insert its range is written down, on disk; a range that was begun is verified in the store
 * before anything follows it.
 */
export class Ingester {
  readonly #parts: IngesterParts
  readonly #quarantine: Quarantine
  readonly #checkpointPath: string
  readonly #pace = new Pace()
  readonly #freshness = new Freshness()
  #checkpoint: Checkpoint
  /** When the checkpoint was last written; null = as it is now. */
  #unwrittenSinceMs: number | null = null
  #source: JournalSource | null = null
  #settled = 0
  #rows = 0
  #rejected = 0
  #repaired = 0
  #fault: unknown = null
  #stopping = false
  #running: Promise<void> | null = null
  #wake: (() => void) | null = null

  private constructor(parts: IngesterParts, checkpoint: Checkpoint) {
    this.#parts = parts
    this.#checkpointPath = checkpointPath(parts.directory)
    this.#quarantine = new Quarantine(`${parts.directory}/quarantine.jsonl`)
    this.#checkpoint = checkpoint
  }

  /** @throws where the checkpoint is there and cannot be read, or the store does not answer. */
  static async open(parts: IngesterParts): Promise<Ingester> {
    return new Ingester(parts, await startingPoint(parts))
  }

  /** The name of the journal within the store, which may have had it before under another than it was given now. */
  get journalId(): string {
    return this.#checkpoint.journalId
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Finishes the batch under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake?.()
    await this.#running
    await this.#closeSource()
    if (this.#unwrittenSinceMs !== null) this.#writeLast()
  }

  state(): IngestState {
    return {
      position: this.#checkpoint.position,
      settled: this.#settled,
      rows: this.#rows,
      quarantined: this.#quarantine.size,
      rejected: this.#rejected,
      repaired: this.#repaired,
      fault: this.#fault === null ? null : messageOf(this.#fault),
      storeFault: this.#fault instanceof StoreFault,
    }
  }

  /** Resolves once everything that was in the journal so long ago is in the store. */
  caughtUp(agoMs = 0): Promise<void> {
    const reached = this.#freshness.reached(this.#parts.clock.monotonicMs() - agoMs)
    if (this.#freshness.isAwaited) this.#wake?.()
    return reached
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs
    while (!this.#stopping) {
      const rowsBefore = this.#rows
      try {
        this.#checkpoint = await named(this.#checkpoint, this.#parts)
        const source = await this.#parts.openSource(this.#checkpoint.position)
        this.#source = source
        await this.#finishIntent(source)
        this.#fault = null
        await this.#follow(source)
      } catch (error) {
        if (this.#rows > rowsBefore) retryMs = firstRetryMs
        this.#fault = error ?? new Error('unknown')
        this.#parts.log.error({ err: error, retryMs }, 'ingesting failed; the journal waits')
        await this.#closeSource()
        await this.#sleep(retryMs)
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }

  /** Clears up the range whose insert was begun and whose end is not known. */
  async #finishIntent(source: JournalSource): Promise<void> {
    const { intent } = this.#checkpoint
    if (intent === null) return
    let blocks: JournalBlock[] = []
    let entries = 0
    for (let reached = this.#checkpoint.position?.blockNo ?? 0; reached < intent.toBlock; ) {
      const next = await source.next(1)
      if (next.length === 0)
        throw new Error(`the journal ends before block ${intent.toBlock}, of which an insert was begun`)
      blocks.push(...next)
      for (const block of next) entries += block.lineCount
      reached = blocks.at(-1)?.blockNo ?? reached
      if (entries < batchEntries * 2 && reached < intent.toBlock) continue
      await this.#verify(blocks)
      blocks = []
      entries = 0
    }
    this.#checkpoint = { ...this.#checkpoint, intent: null }
  }

  async #verify(blocks: readonly JournalBlock[]): Promise<void> {
    const rows: UsageRow[] = []
    const collected = await this.#collect(blocks, { take: (row) => rows.push(row) })
    if (collected === null) return
    const token = this.#tokenOf(collected)
    // On a server the first insert may still be running: under the same token, one of the two does nothing.
    const isThatInsert = token === this.#checkpoint.intent?.token
    const { database, log } = this.#parts
    const verify = async () => {
      if (database.remote && isThatInsert) await insertBlock(database, { block: blockOf(rows), token })
      return await makeGood(database, { journalId: this.#checkpoint.journalId, rows, token })
    }
    const repair = rows.length === 0 ? nothingToRepair : await this.#timed(verify)
    this.#repaired += repair.records
    log.info({ rows: rows.length, ...repair }, 'an interrupted insert was verified')
    this.#advance(collected, { rows: rows.length, intent: this.#checkpoint.intent })
  }

  async #follow(source: JournalSource): Promise<void> {
    let upcoming = this.#read(source)
    while (!this.#stopping) {
      const { collected, block, reading } = await upcoming
      this.#pace.read(reading.begunMs, block.rowCount)
      if (collected === null) {
        this.#freshness.done(reading)
        this.#writeWhenIdle()
        await this.#gather()
        upcoming = this.#read(source)
        continue
      }
      const token = this.#tokenOf(collected)
      if (block.rowCount > 0) this.#write({ ...this.#checkpoint, intent: { toBlock: collected.toBlock, token } })
      const inserted = this.#put(block, token)
      const behind = block.rowCount >= backlogRows
      if (behind) {
        upcoming = this.#readMeanwhile(source, inserted)
        // Whatever becomes of the insert: after a failure the source is closed, and must not be read any more.
        await Promise.allSettled([upcoming])
      }
      await inserted
      this.#advance(collected, { rows: block.rowCount, intent: null })
      // Under load there is always more by now: who waits is not kept for that.
      if (reading.end !== null && reaches(collected.after, reading.end)) this.#freshness.done(reading)
      if (behind) continue
      await this.#gather()
      if (!this.#stopping) upcoming = this.#read(source)
    }
    await upcoming
  }

  /** The next blocks are decoded while the engine takes these. */
  #readMeanwhile(source: JournalSource, inserted: Promise<void>): Promise<UpcomingBlock> {
    // Met by the caller; reading may fail first.
    inserted.catch(() => undefined)
    // The statement has to be on its way first: decoding holds the thread until it is done.
    const upcoming = this.#aTurn().then(() => this.#read(source))
    // Met by the next turn, unless the insert fails first.
    upcoming.catch(() => undefined)
    return upcoming
  }

  /** Waits for more to come, unless somebody waits for what is there. */
  async #gather(): Promise<void> {
    const leftMs = this.#pace.leftMs(this.#parts.clock.monotonicMs())
    if (!this.#freshness.isAwaited && leftMs > 0) await this.#sleep(leftMs)
  }

  async #read(source: JournalSource): Promise<UpcomingBlock> {
    const reading = this.#freshness.begin(this.#parts.clock.monotonicMs(), source.end())
    const block = intakeBlock()
    const blocks = await source.next(batchEntries)
    const collected = await this.#collect(blocks, {
      take: (row) => block.add(row),
      takeLine: (line) => block.addLine(line),
    })
    return { collected, block, reading }
  }

  async #collect(
    blocks: readonly JournalBlock[],
    takers: Pick<CollectTo, 'take' | 'takeLine'>,
  ): Promise<CollectedBlocks | null> {
    const { journalId } = this.#checkpoint
    const to = { journalId, quarantine: this.#quarantine, ...takers }
    const collected = await collectAtLeisure(blocks, to, () => this.#aTurn())
    for (const reason of collected?.rejected ?? []) {
      this.#rejected++
      this.#parts.log.error({ reason }, 'an entry went to quarantine')
    }
    return collected
  }

  #tokenOf({ fromBlock, toBlock }: CollectedBlocks): string {
    return `${this.#checkpoint.journalId}-${fromBlock}-${toBlock}`
  }

  async #put(block: UsageBlock, token: string): Promise<void> {
    if (block.rowCount > 0) await this.#timed(() => insertBlock(this.#parts.database, { block, token }))
  }

  async #timed<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const { clock, onInsert } = this.#parts
    const begunMs = clock.monotonicMs()
    let taken = false
    try {
      const answer = await run()
      taken = true
      return answer
    } finally {
      onInsert?.({ taken, durationMs: clock.monotonicMs() - begunMs })
    }
  }

  /** A turn of the event loop. */
  #aTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.timers.after(0, resolve)
    })
  }

  #advance(
    { after, settled }: CollectedBlocks,
    { rows, intent }: { rows: number; intent: Checkpoint['intent'] },
  ): void {
    this.#checkpoint = { ...this.#checkpoint, position: after, intent }
    this.#settled += settled
    this.#rows += rows
    this.#unwrittenSinceMs ??= this.#parts.clock.monotonicMs()
  }

  #writeWhenIdle(): void {
    const since = this.#unwrittenSinceMs
    if (since !== null && this.#parts.clock.monotonicMs() - since >= idleWriteMs) this.#write(this.#checkpoint)
  }

  #write(checkpoint: Checkpoint): void {
    writeCheckpoint(this.#checkpointPath, checkpoint)
    this.#checkpoint = checkpoint
    this.#unwrittenSinceMs = null
    if (checkpoint.position !== null) this.#parts.onSaved?.(checkpoint.position)
  }

  /** What ends is not to fail for it. */
  #writeLast(): void {
    try {
      this.#write(this.#checkpoint)
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the checkpoint cannot be written; the next start verifies more')
    }
  }

  async #closeSource(): Promise<void> {
    const source = this.#source
    this.#source = null
    await source?.close()
  }

  #sleep(delayMs: number): Promise<void> {
    if (this.#stopping) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#parts.timers.after(delayMs, () => this.#wake?.())
      this.#wake = () => {
        timer.cancel()
        this.#wake = null
        resolve()
      }
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
