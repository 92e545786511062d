import { join } from 'node:path'
import type { Config } from '#config/config.ts'
import { BudgetBook } from '#core/budget/book.ts'
import { postingOf } from '#core/budget/posting.ts'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry } from '#core/ledger/entry.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { BudgetDesk } from '#gateway/budgets/desk.ts'
import { AlertCount } from '#gateway/incoming/alert-count.ts'
import { globMatcher } from '#lib/glob.ts'
import type { Log } from '#lib/log.ts'
import type { Timer } from '#ports.ts'
import { readSpent, writeSpent } from '#store/budgets/spent-file.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'

/** How old what is saved may be: that much of the journal is read again after a crash. */
const saveEveryMs = 5_000
/** Entries that are added up before anything else gets its turn. */
const batch = 500

/**
 * What budgets have spent is the sum of the journal's entries. It is kept in memory, saved with the place in the
 * journal up to which it was added up, and goes on from there after a restart; what a new or changed budget has spent
 * is added up from the journal's beginning while calls go on.
 */
export class BudgetKeeper {
  readonly desk: BudgetDesk
  /** Goes by the same entries as budgets do, and is saved with them. */
  readonly alerts: AlertCount
  readonly #book: BudgetBook
  readonly #directory: string
  readonly #journalDirectory: string
  readonly #log: Log
  #position: JournalPosition | null = null
  #savedBlock = -1
  #timer: Timer | null = null
  #saving: Promise<void> = Promise.resolve()
  #folding: Promise<void> = Promise.resolve()
  #closed = false
  #foldsWaiting = 0

  constructor(config: Config, log: Log) {
    this.#directory = join(config.dataDir, 'budgets')
    this.#journalDirectory = join(config.dataDir, 'journal')
    this.#log = log
    this.#book = new BudgetBook(config.budgets, globMatcher)
    this.alerts = new AlertCount(config.alerts.live)
    const { budgetRefusalStatus: refusalStatus, holdWaitMs } = config
    this.desk = new BudgetDesk(this.#book, {
      ...{ timers: systemTimers, refusalStatus, holdWaitMs },
      onNotReady: () => {
        if (this.#foldsWaiting === 0) this.#foldPending()
      },
    })
  }

  /** To be told of every block of the journal that is written. */
  readonly written = (entries: readonly LedgerEntry[], after: JournalPosition): void => {
    this.alerts.written(entries, this.desk.written(entries))
    this.#position = after
  }

  /** Adds up what the journal has had since the last save. To be called before anything is written. */
  async catchUp(end: JournalPosition): Promise<void> {
    this.#position = end
    const saved = this.#keepsNothing ? null : await readSpent(this.#directory)
    if (saved !== null && saved.position.blockNo <= end.blockNo && this.#book.restore(saved.book)) {
      this.alerts.restore(saved.alerts)
      await this.#read(saved.position, end.blockNo, (entries) => {
        this.desk.written(entries)
        this.alerts.readAgain(entries)
      })
    }
    this.#foldPending()
    this.#saveLater()
  }

  configure({ budgets, alerts, budgetRefusalStatus: refusalStatus, holdWaitMs }: Config): void {
    this.alerts.configure(alerts.live)
    this.#book.reconfigure(budgets)
    this.desk.options = { refusalStatus, holdWaitMs }
    this.#foldPending()
  }

  /** For people: all limits, and the budgets of which it is not known yet what was spent. */
  status() {
    return { limits: this.#book.status(systemClock.wallMs()), pending: this.#book.pending() }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#folding
    await this.#saving
    await this.#save()
  }

  /** One after the other: while one is under way more may have become pending, by a reload or a clock that was set back. */
  #foldPending(): void {
    this.#foldsWaiting += 1
    this.#folding = this.#folding.then(async () => {
      this.#foldsWaiting -= 1
      const names = this.#book.pending()
      if (names.length === 0) return
      const untilBlock = this.#position?.blockNo ?? 0
      const fold = this.#book.fold(names, systemClock.wallMs())
      await this.#read(null, untilBlock, (entries) => {
        for (const entry of entries) {
          const posting = postingOf(entry)
          if (posting !== null) fold.add(posting.call, posting.amounts)
        }
      })
      if (!this.#closed) fold.adopt()
    })
    this.#folding = this.#folding.catch((error: unknown) => {
      this.#log.error({ err: error }, 'what budgets have spent cannot be read from the journal')
    })
  }

  async #read(from: JournalPosition | null, untilBlock: number, take: (entries: LedgerEntry[]) => void): Promise<void> {
    if (untilBlock <= (from?.blockNo ?? 0)) return
    const follower = await openFollower({ dir: this.#journalDirectory, position: from })
    try {
      for (let reached = 0; reached < untilBlock && !this.#closed; ) {
        const blocks = await follower.next(batch)
        if (blocks.length === 0) return
        for (const block of blocks) {
          if (block.blockNo > untilBlock) return
          take(block.lines.map(decodeEntry))
          reached = block.blockNo
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      await follower.close()
    }
  }

  get #keepsNothing(): boolean {
    return this.#book.isEmpty && this.alerts.isEmpty
  }

  #saveLater(): void {
    if (this.#closed) return
    this.#timer = systemTimers.after(saveEveryMs, () => {
      this.#saving = this.#save()
      this.#saveLater()
    })
  }

  async #save(): Promise<void> {
    const position = this.#position
    if (position === null || position.blockNo === this.#savedBlock || this.#keepsNothing) return
    // Both at once: the place is that up to which these sums go.
    const content = { version: 1 as const, position, book: this.#book.snapshot(), alerts: this.alerts.state() }
    try {
      await writeSpent(this.#directory, content)
      this.#savedBlock = position.blockNo
    } catch (error) {
      this.#log.warn({ err: error }, 'what budgets have spent cannot be saved; a restart will read more of the journal')
    }
  }
}
