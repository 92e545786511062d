import { JournalFault } from '#core/ledger/fault.ts'
import type { CallSpan, ExportOutcome, TelemetryWatch } from '#core/telemetry/signals.ts'
import type { Clock, ExportPlace, Timers, TracedBatch, TracedFeed, TracedPlace } from '#ports.ts'
import { callSpan } from './call-span.ts'
import { KeptPlace } from './kept-place.ts'
import type { Servers } from './operation.ts'
import { nextRetryMs, Run, type TelemetryLog, Telling } from './run.ts'
import { ToldTime } from './told-time.ts'

interface SpanFlowParts {
  /** Null = about from now on. */
  readonly openFeed: (place: TracedPlace | null) => Promise<TracedFeed>
  readonly place: ExportPlace
  readonly send: (spans: readonly CallSpan[], signal: AbortSignal) => Promise<ExportOutcome>
  readonly servers: () => Servers
  readonly watch: TelemetryWatch
  readonly clock: Clock
  readonly timers: Timers
  readonly log: TelemetryLog
}

const entriesAtOnce = 4_000
/** As many as SDKs send at once: https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor. */
const spansAtOnce = 512
/** Between two exports: calls of that time go together. */
const gatherMs = 500
/** The place moves on with calls that nobody traces, too; a crash has them only passed over again. */
const saveAfterMs = 5_000
const firstRetryMs = 1_000

/**
 * Follows the journal and exports the spans of the traced calls that are over, each at least once: its place in the
 * journal moves on when the collector has answered, and the journal is its queue. While the collector is away it holds
 * one batch in memory and reads no further.
 */
export class SpanFlow {
  readonly #parts: SpanFlowParts
  readonly #run: Run
  readonly #telling: Telling
  readonly #toldTime: ToldTime
  readonly #kept: KeptPlace
  #running: Promise<void> | null = null
  /** Behind all that is out, where that is not on disk yet. */
  #place: TracedPlace | null = null
  #savedAtMs: number
  /** The known place is none of this journal any more. */
  #lost = false

  constructor(parts: SpanFlowParts) {
    this.#parts = parts
    this.#run = new Run(parts.timers)
    this.#telling = new Telling(parts.log, 'spans')
    this.#toldTime = new ToldTime(parts.clock)
    this.#kept = new KeptPlace(parts.place, parts.log, 'spans')
    this.#savedAtMs = parts.clock.monotonicMs()
  }

  start(): void {
    this.#running ??= this.#run.keepAt(
      () => this.#follow(),
      (error) => this.#failed(error),
    )
  }

  /** Tells what is in the journal, as far as that is quickly done; the next start tells the rest. */
  async stop(): Promise<void> {
    this.#run.stop()
    await this.#running
    this.#run.ended()
  }

  async #follow(): Promise<void> {
    const known = this.#lost ? null : (this.#place ?? this.#kept.read())
    if (known === null) this.#toldTime.beginAnew()
    const feed = await this.#parts.openFeed(known)
    try {
      while (await this.#pass(feed));
      this.#save()
    } finally {
      await feed.close()
    }
  }

  #failed(error: unknown): void {
    // Retention took it, or a machine failed before it was durable: it would be looked for in vain for ever.
    if (error instanceof JournalFault && error.code === 'journal_damaged') {
      this.#lost = true
      this.#place = null
    }
    this.#parts.log.error({ err: error }, 'the journal cannot be followed for spans; it is tried again')
  }

  /** One look at the journal. False where it was the last. */
  async #pass(feed: TracedFeed): Promise<boolean> {
    const batch = await feed.next(entriesAtOnce)
    if (!batch.read) {
      if (this.#run.stopping) return false
      if (this.#parts.clock.monotonicMs() - this.#savedAtMs >= saveAfterMs) this.#save()
      await this.#run.pause(saveAfterMs, feed.more())
      return true
    }
    const spans = this.#spansOf(batch)
    if (!(await this.#deliver(spans))) return false
    this.#place = feed.place()
    this.#lost = false
    if (spans.length > 0) {
      this.#save()
      await this.#run.pause(gatherMs)
    }
    return !this.#run.signal.aborted
  }

  #spansOf({ calls, forgotten }: TracedBatch): CallSpan[] {
    const { servers, watch } = this.#parts
    const known = servers()
    const spans: CallSpan[] = []
    let dropped = forgotten
    for (const { entry, link } of calls) {
      const verdict = this.#toldTime.verdict(entry.endedAtMs)
      if (verdict === 'told') spans.push(callSpan(entry, link, known))
      else if (verdict === 'too_late') dropped += 1
    }
    if (dropped > 0) watch.dropped('traces', dropped)
    return spans
  }

  /** False where it was given up because of a stop: the spans are not out, and the place stays before them. */
  async #deliver(spans: readonly CallSpan[]): Promise<boolean> {
    const { watch } = this.#parts
    for (let from = 0; from < spans.length; from += spansAtOnce) {
      watch.waiting('traces', spans.length - from)
      if (!(await this.#deliverBatch(spans.slice(from, from + spansAtOnce)))) return false
    }
    watch.waiting('traces', 0)
    return true
  }

  async #deliverBatch(spans: readonly CallSpan[]): Promise<boolean> {
    const { send, watch } = this.#parts
    for (let retryMs = firstRetryMs; ; retryMs = nextRetryMs(retryMs)) {
      const outcome = await send(spans, this.#run.signal)
      if (outcome.kind === 'delivered') {
        watch.exported('traces', spans.length - outcome.rejected)
        if (outcome.rejected > 0) watch.dropped('traces', outcome.rejected)
        this.#telling.went(outcome.detail)
        return true
      }
      watch.failed('traces')
      this.#telling.failed(outcome.detail)
      if (outcome.kind === 'refused') {
        watch.dropped('traces', spans.length)
        return true
      }
      if (this.#run.stopping) return false
      await this.#run.pause(Math.max(retryMs, outcome.retryAfterMs ?? 0))
    }
  }

  #save(): void {
    if (this.#place !== null && this.#kept.write(this.#place)) this.#place = null
    this.#savedAtMs = this.#parts.clock.monotonicMs()
  }
}
