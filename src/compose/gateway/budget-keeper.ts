import type { Config } from '#config/config.ts'
import { BudgetBook } from '#core/budget/book.ts'
import type { Budget } from '#core/budget/budget.ts'
import { postingOf } from '#core/budget/posting.ts'
import { decodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry, OpenEntry } from '#core/ledger/entry.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { BudgetDesk } from '#gateway/budgets/desk.ts'
import { AlertCount } from '#gateway/incoming/alert-count.ts'
import { errorText } from '#lib/error-text.ts'
import { globMatcher } from '#lib/glob.ts'
import type { Log } from '#lib/log.ts'
import type { Timer } from '#ports.ts'
import { readSpent, writeSpent } from '#store/budgets/spent-file.ts'
import { dataPath } from '#store/data-paths.ts'
import type { JournalPosition } from '#store/ingest/source.ts'
import { openFollower } from '#store/journal/reader.ts'
import { Retries } from './retries.ts'

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
  #budgets: readonly Budget[]
  #position: JournalPosition | null = null
  #savedBlock = -1
  #timer: Timer | null = null
  #saving: Promise<void> = Promise.resolve()
  #folding: Promise<void> = Promise.resolve()
  #closed = false
  #foldsWaiting = 0
  readonly #retries = new Retries(systemTimers, () => this.#foldPending())
  /** Why the journal could not be read the last time; null where it could. */
  #unreadable: string | null = null

  constructor(config: Config, log: Log) {
    this.#directory = dataPath(config.dataDir, 'budgets')
    this.#journalDirectory = dataPath(config.dataDir, 'journal')
    this.#log = log
    this.#budgets = config.budgets
    this.#book = new BudgetBook(config.budgets, globMatcher)
    this.alerts = new AlertCount(config.alerts.live)
    const { budgetRefusalStatus: refusalStatus, holdWaitMs } = config
    this.desk = new BudgetDesk(this.#book, {
      ...{ timers: systemTimers, refusalStatus, holdWaitMs },
      onNotReady: () => {
        if (this.#foldsWaiting === 0 && !this.#retries.isDue) this.#foldPending()
      },
    })
  }

  /** To be told of every block of the journal that is written. */
  readonly written = (entries: readonly LedgerEntry[], after: JournalPosition): void => {
    this.alerts.written(entries, this.desk.written(entries))
    this.#position = after
  }

  /**
   * Adds up what the journal has had since the last save, and holds what is held for jobs that run on. To be called
   * before anything is written.
   */
  async catchUp(end: JournalPosition, jobs: readonly OpenEntry[]): Promise<void> {
    this.#position = end
    const saved = this.#keepsNothing ? null : await readSpent(this.#directory)
    if (saved !== null && saved.position.blockNo <= end.blockNo && this.#book.restore(saved.book)) {
      this.alerts.restore(saved.alerts)
      await this.#readSince(saved.position, end.blockNo)
    }
    // Before the fold, which looks for the windows in which something is held.
    for (const { call, hold } of jobs) if (hold !== undefined) this.desk.keep(call, hold)
    this.#foldPending()
    this.#saveLater()
  }

  async #readSince(from: JournalPosition, untilBlock: number): Promise<void> {
    try {
      await this.#read(from, untilBlock, (entries) => {
        this.desk.written(entries)
        this.alerts.readAgain(entries)
      })
    } catch (error) {
      // What was added is not all: nothing is known, until all of the journal is read.
      this.#log.warn({ err: error }, 'what budgets have spent since it was saved cannot be read; all is added up anew')
      this.#book.reconfigure([])
      this.#book.reconfigure(this.#budgets)
    }
  }

  configure({ budgets, alerts, budgetRefusalStatus: refusalStatus, holdWaitMs }: Config): void {
    this.#budgets = budgets
    this.alerts.configure(alerts.live)
    this.desk.configure(budgets)
    this.desk.options = { refusalStatus, holdWaitMs }
    this.#retries.cancel()
    this.#foldPending()
  }

  /** For people: all limits, and the budgets of which it is not known yet what was spent. */
  status() {
    const limits = this.#book.status(systemClock.wallMs())
    return { limits, pending: this.#book.pending(), unreadable: this.#unreadable, waiting: this.desk.waiting }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#retries.cancel()
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
      if (names.length === 0) return this.#canBeRead()
      const untilBlock = this.#position?.blockNo ?? 0
      const fold = this.#book.fold(names, systemClock.wallMs())
      await this.#read(null, untilBlock, (entries) => {
        for (const entry of entries) {
          const posting = postingOf(entry)
          if (posting !== null) fold.add(posting.call, posting.amounts)
        }
      })
      if (!this.#closed) fold.adopt()
      this.#canBeRead()
    })
    this.#folding = this.#folding.catch((error: unknown) => this.#cannotBeRead(error))
  }

  #canBeRead(): void {
    this.#retries.cancel()
    if (this.#unreadable === null) return
    this.#unreadable = null
    this.#log.info('what budgets have spent can be read from the journal again')
  }

  #cannotBeRead(error: unknown): void {
    const isNew = this.#unreadable === null
    this.#unreadable = errorText(error)
    if (!this.#closed) this.#retries.failed()
    if (!isNew) return
    const names = this.#book.pending().join(', ')
    this.#log.error(
      { err: error },
      `what was spent cannot be read from the journal; these budgets refuse calls: ${names}`,
    )
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
      // On a slow disk one may take longer than that: two at once would write into the same file.
      this.#saving = this.#save().then(() => this.#saveLater())
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
