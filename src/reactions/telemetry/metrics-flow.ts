import type { SettleEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import type { CallMeasures, ExportOutcome, TelemetryWatch } from '#core/telemetry/signals.ts'
import type { Clock, EntryFeed, ExportPlace, Timers } from '#ports.ts'
import { callMeasures } from './call-measures.ts'
import { KeptPlace } from './kept-place.ts'
import type { Servers } from './operation.ts'
import { Run, type TelemetryLog, Telling } from './run.ts'
import { ToldTime } from './told-time.ts'

interface MetricsFlowParts {
  /** Null = about from now on. */
  readonly openFeed: (bookmark: string | null) => Promise<EntryFeed>
  readonly place: ExportPlace
  readonly record: (measures: CallMeasures) => void
  /** Exports all that was recorded since the process started; null where that is nothing. */
  readonly send: (signal: AbortSignal) => Promise<{ readonly outcome: ExportOutcome; readonly points: number } | null>
  readonly intervalMs: number
  readonly servers: () => Servers
  readonly watch: TelemetryWatch
  readonly clock: Clock
  readonly timers: Timers
  readonly log: TelemetryLog
}

const entriesAtOnce = 4_000
/** Between two looks at a journal that is being written to. */
const gatherMs = 250

/**
 * Follows the journal and adds up every settled call, sampled or not, and exports the sums each interval. Sums are
 * cumulative, so an export that fails is made good by the next one; its place in the journal moves on when the
 * collector has the sums of all that lies before it, and after a crash what lies behind is added up again.
 */
export class MetricsFlow {
  readonly #parts: MetricsFlowParts
  readonly #run: Run
  readonly #telling: Telling
  readonly #toldTime: ToldTime
  readonly #kept: KeptPlace
  #running: Promise<void> | null = null
  /** What was added up so far ends there; null = nothing since the start. */
  #bookmark: string | null = null
  #recorded = 0
  #dueAtMs: number
  #lost = false

  constructor(parts: MetricsFlowParts) {
    this.#parts = parts
    this.#run = new Run(parts.timers)
    this.#telling = new Telling(parts.log, 'metrics')
    this.#toldTime = new ToldTime(parts.clock)
    this.#kept = new KeptPlace(parts.place, parts.log, 'metrics')
    this.#dueAtMs = parts.clock.monotonicMs() + parts.intervalMs
  }

  start(): void {
    this.#running ??= this.#run.keepAt(
      () => this.#follow(),
      (error) => this.#failed(error),
    )
  }

  /** Exports once more. */
  async stop(): Promise<void> {
    this.#run.stop()
    await this.#running
    if (this.#recorded > 0) await this.#export()
    this.#run.ended()
  }

  async #follow(): Promise<void> {
    const saved = this.#lost ? null : (this.#kept.read()?.bookmark ?? null)
    // What was added up already must not be again.
    const known = this.#lost ? null : (this.#bookmark ?? saved)
    if (known === null) this.#toldTime.beginAnew()
    const feed = await this.#parts.openFeed(known)
    try {
      while (await this.#pass(feed));
    } finally {
      await feed.close()
    }
  }

  #failed(error: unknown): void {
    if (error instanceof JournalFault && error.code === 'journal_damaged') this.#lost = true
    this.#parts.log.error({ err: error }, 'the journal cannot be followed for metrics; it is tried again')
  }

  async #pass(feed: EntryFeed): Promise<boolean> {
    const batch = await feed.next(entriesAtOnce)
    if (batch.bookmark !== null) {
      const servers = this.#parts.servers()
      for (const entry of batch.entries) this.#take(entry, servers)
      this.#bookmark = batch.bookmark
      this.#lost = false
      this.#parts.watch.waiting('metrics', this.#recorded)
    }
    const leftMs = this.#dueAtMs - this.#parts.clock.monotonicMs()
    if (leftMs <= 0) await this.#export()
    if (this.#run.signal.aborted || (this.#run.stopping && batch.bookmark === null)) return false
    if (batch.bookmark === null) await this.#run.pause(Math.max(1, leftMs), feed.more())
    else if (batch.entries.length < entriesAtOnce / 2) await this.#run.pause(gatherMs)
    return true
  }

  #take(entry: SettleEntry, servers: Servers): void {
    const { record, watch } = this.#parts
    const verdict = this.#toldTime.verdict(entry.endedAtMs)
    if (verdict === 'too_late') watch.dropped('metrics', 1)
    if (verdict !== 'told') return
    const measures = callMeasures(entry, servers)
    if (measures === null) return
    record(measures)
    this.#recorded += 1
  }

  async #export(): Promise<void> {
    const { send, watch, clock, intervalMs } = this.#parts
    this.#dueAtMs = clock.monotonicMs() + intervalMs
    const recorded = this.#recorded
    const bookmark = this.#bookmark
    const sent = await send(this.#run.signal)
    if (sent !== null) {
      const { outcome, points } = sent
      if (outcome.kind !== 'delivered') {
        watch.failed('metrics')
        if (outcome.kind === 'refused') watch.dropped('metrics', points)
        return this.#telling.failed(outcome.detail)
      }
      watch.exported('metrics', points - outcome.rejected)
      if (outcome.rejected > 0) watch.dropped('metrics', outcome.rejected)
      this.#telling.went(outcome.detail)
    }
    this.#recorded -= recorded
    watch.waiting('metrics', this.#recorded)
    if (bookmark !== null) this.#kept.write({ bookmark, open: [] })
  }
}
