import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import type { CallMeasures, CallSpan, ExportOutcome, Signal, TelemetryWatch } from '#core/telemetry/signals.ts'
import type { EntryFeed, TracedCall, TracedFeed, TracedPlace } from '#ports.ts'
import { settleEntry } from '#test/journal/entries.ts'
import { turn, VirtualTime } from '#test/journal/virtual-time.ts'
import { MetricsFlow } from './metrics-flow.ts'
import { SpanFlow } from './span-flow.ts'
import { longestWaitMs } from './told-time.ts'

const link = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', parentSpanId: '' }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

class Counts implements TelemetryWatch {
  readonly exportedItems = { traces: 0, metrics: 0 }
  readonly failures = { traces: 0, metrics: 0 }
  readonly droppedItems = { traces: 0, metrics: 0 }
  exported(signal: Signal, items: number): void {
    this.exportedItems[signal] += items
  }
  failed(signal: Signal): void {
    this.failures[signal] += 1
  }
  dropped(signal: Signal, items: number): void {
    this.droppedItems[signal] += items
  }
  waiting(): void {}
}

/** A journal of batches, each of which is one block. */
class Scene {
  readonly time = new VirtualTime()
  readonly counts = new Counts()
  readonly batches: SettleEntry[][] = []
  /** Of each export. */
  readonly sent: CallSpan[][] = []
  readonly recorded: CallMeasures[] = []
  place: TracedPlace | null = null
  readonly openedAt: (string | null)[] = []
  fault: Error | null = null
  /** Of the disk, where the place is to be written. */
  placeFault: Error | null = null
  outcome: ExportOutcome = { kind: 'delivered', rejected: 0, detail: '' }
  #wake = Promise.withResolvers<void>()

  entry(callId: string, agoMs = 0): SettleEntry {
    return settleEntry(callId, { endedAtMs: this.time.wallMs() - agoMs })
  }

  async write(...entries: SettleEntry[]): Promise<void> {
    this.batches.push(entries)
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
    await turn()
  }

  #common() {
    return {
      place: {
        read: () => this.place,
        write: (place: TracedPlace) => {
          if (this.placeFault !== null) throw this.placeFault
          this.place = place
        },
      },
      servers: () => new Map(),
      watch: this.counts,
      clock: this.time,
      timers: this.time,
      log: silent,
    }
  }

  #next(at: { block: number }): SettleEntry[] | null {
    if (this.fault !== null) throw this.fault
    const batch = this.batches[at.block] ?? null
    if (batch !== null) at.block++
    return batch
  }

  spans(): SpanFlow {
    return new SpanFlow({
      ...this.#common(),
      openFeed: async (place): Promise<TracedFeed> => {
        this.openedAt.push(place?.bookmark ?? null)
        const at = { block: Number(place?.bookmark ?? 0) }
        return {
          next: async () => {
            const entries = this.#next(at)
            const calls: TracedCall[] = (entries ?? []).map((entry) => ({ entry, link }))
            return { calls, read: entries !== null, forgotten: 0 }
          },
          more: () => this.#wake.promise,
          place: () => ({ bookmark: String(at.block), open: [] }),
          close: async () => undefined,
        }
      },
      send: async (spans) => {
        this.sent.push([...spans])
        return this.outcome
      },
    })
  }

  metrics(intervalMs: number): MetricsFlow {
    return new MetricsFlow({
      ...this.#common(),
      openFeed: async (bookmark): Promise<EntryFeed> => {
        this.openedAt.push(bookmark)
        const at = { block: Number(bookmark ?? 0) }
        return {
          next: async () => {
            const entries = this.#next(at)
            return { entries: entries ?? [], bookmark: entries === null ? null : String(at.block), skipped: 0 }
          },
          more: () => this.#wake.promise,
          close: async () => undefined,
        }
      },
      record: (measures) => this.recorded.push(measures),
      send: async () => {
        this.sent.push([])
        return { outcome: this.outcome, points: 3 }
      },
      intervalMs,
    })
  }

  /** Where the place is, as far as it was saved. */
  get bookmark(): string | null {
    return this.place?.bookmark ?? null
  }

  get ids(): unknown[] {
    return this.sent.flatMap((spans) => spans.map(({ attributes }) => attributes['tollgate.call_id']))
  }
}

describe('spans', () => {
  test('the place moves on when the collector has answered, not before', async () => {
    const scene = new Scene()
    scene.outcome = { kind: 'failed', detail: 'down', retryAfterMs: null }
    const flow = scene.spans()
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(60_000)
    assert.ok(scene.counts.failures.traces > 1)
    assert.equal(scene.bookmark, null)
    scene.outcome = { kind: 'delivered', rejected: 0, detail: '' }
    await scene.time.pass(60_000)
    assert.equal(scene.bookmark, '1')
    assert.equal(scene.counts.exportedItems.traces, 1)
    await flow.stop()
  })

  test('tries come ever more rarely, and not before a collector wants them', async () => {
    const scene = new Scene()
    scene.outcome = { kind: 'failed', detail: 'down', retryAfterMs: null }
    const flow = scene.spans()
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(600_000)
    // 1, 2, 4, 8, 16, then every 30 seconds.
    assert.equal(scene.counts.failures.traces, 6 + Math.floor((600 - 31) / 30))
    scene.outcome = { kind: 'failed', detail: 'down', retryAfterMs: 120_000 }
    await scene.time.pass(30_000)
    const before = scene.counts.failures.traces
    await scene.time.pass(85_000)
    assert.equal(scene.counts.failures.traces, before)
    const stopped = flow.stop()
    await scene.time.pass(5_000)
    await stopped
  })

  test('large batches go out in pieces', async () => {
    const scene = new Scene()
    const flow = scene.spans()
    flow.start()
    await scene.write(...Array.from({ length: 1200 }, (_, n) => scene.entry(`c${n}`)))
    await scene.time.pass(10_000)
    assert.deepEqual(
      scene.sent.map((spans) => spans.length),
      [512, 512, 176],
    )
    await flow.stop()
  })

  test('what could not be told for a day is counted as dropped', async () => {
    const scene = new Scene()
    scene.place = { bookmark: '0', open: [] }
    await scene.write(scene.entry('old', longestWaitMs + 1), scene.entry('new', longestWaitMs - 1_000))
    const flow = scene.spans()
    flow.start()
    await scene.time.pass(1_000)
    assert.deepEqual(scene.ids, ['new'])
    assert.equal(scene.counts.droppedItems.traces, 1)
    await flow.stop()
  })

  test('at the first start only the last minutes are told, and the rest is history, not dropped', async () => {
    const scene = new Scene()
    await scene.write(scene.entry('history', 16 * 60_000), scene.entry('recent', 14 * 60_000))
    const flow = scene.spans()
    flow.start()
    await scene.time.pass(1_000)
    assert.deepEqual(scene.ids, ['recent'])
    assert.equal(scene.counts.droppedItems.traces, 0)
    await flow.stop()
  })

  test('a place that the journal has no more is given up', async () => {
    const scene = new Scene()
    scene.place = { bookmark: '7', open: [] }
    scene.fault = new JournalFault('journal_damaged', 'the segment is gone')
    await scene.write(scene.entry('a'))
    const flow = scene.spans()
    flow.start()
    await turn()
    scene.fault = null
    await scene.time.pass(5_000)
    assert.deepEqual(scene.openedAt, ['7', null])
    assert.deepEqual(scene.ids, ['a'])
    assert.equal(scene.bookmark, '1')
    await flow.stop()
  })

  test('a passing fault of the disk is only waited for', async () => {
    const scene = new Scene()
    scene.place = { bookmark: '1', open: [] }
    scene.fault = new Error('EIO')
    await scene.write(scene.entry('told before'))
    await scene.write(scene.entry('b'))
    const flow = scene.spans()
    flow.start()
    await turn()
    scene.fault = null
    await scene.time.pass(5_000)
    assert.deepEqual(scene.openedAt, ['1', '1'])
    assert.deepEqual(scene.ids, ['b'])
    await flow.stop()
  })

  test('a full disk has nothing told twice, and the place is written once there is room', async () => {
    const scene = new Scene()
    scene.placeFault = new Error('ENOSPC')
    const flow = scene.spans()
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(60_000)
    await scene.write(scene.entry('b'))
    await scene.time.pass(60_000)
    assert.deepEqual(scene.ids, ['a', 'b'])
    assert.equal(scene.bookmark, null)
    scene.placeFault = null
    await scene.time.pass(10_000)
    assert.equal(scene.bookmark, '2')
    await flow.stop()
  })

  test('a stop tells what is there, and leaves to the next start what a collector does not take', async () => {
    const scene = new Scene()
    const flow = scene.spans()
    flow.start()
    await scene.time.pass(1_000)
    await scene.write(scene.entry('a'))
    await flow.stop()
    assert.deepEqual(scene.ids, ['a'])
    assert.equal(scene.bookmark, '1')
    scene.outcome = { kind: 'failed', detail: 'down', retryAfterMs: null }
    const second = scene.spans()
    await scene.write(scene.entry('b'))
    second.start()
    await turn()
    await second.stop()
    assert.equal(scene.bookmark, '1')
  })
})

describe('metrics', () => {
  test('are exported each interval, and the place moves on with what was in them', async () => {
    const scene = new Scene()
    const flow = scene.metrics(10_000)
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(9_000)
    assert.equal(scene.sent.length, 0)
    assert.equal(scene.bookmark, null)
    await scene.time.pass(1_500)
    assert.equal(scene.sent.length, 1)
    assert.equal(scene.bookmark, '1')
    assert.equal(scene.recorded.length, 1)
    await flow.stop()
  })

  test('an export that fails is made good by the next: nothing is added up twice', async () => {
    const scene = new Scene()
    scene.outcome = { kind: 'failed', detail: 'down', retryAfterMs: null }
    const flow = scene.metrics(10_000)
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(25_000)
    assert.equal(scene.counts.failures.metrics, 2)
    assert.equal(scene.bookmark, null)
    scene.outcome = { kind: 'delivered', rejected: 1, detail: 'too many' }
    await scene.write(scene.entry('b'))
    await scene.time.pass(10_000)
    assert.equal(scene.bookmark, '2')
    assert.equal(scene.recorded.length, 2)
    assert.equal(scene.counts.exportedItems.metrics, 2)
    assert.equal(scene.counts.droppedItems.metrics, 1)
    await flow.stop()
  })

  test('a fault of the disk in between adds nothing up twice', async () => {
    const scene = new Scene()
    const flow = scene.metrics(10_000)
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(1_000)
    scene.fault = new Error('EIO')
    await scene.write(scene.entry('b'))
    await scene.time.pass(500)
    scene.fault = null
    await scene.time.pass(20_000)
    assert.equal(scene.recorded.length, 2)
    const [first, ...again] = scene.openedAt
    assert.equal(first, null)
    assert.deepEqual([...new Set(again)], ['1'])
    await flow.stop()
  })

  test('a full disk keeps no export and no stop from ending', async () => {
    const scene = new Scene()
    scene.placeFault = new Error('ENOSPC')
    const flow = scene.metrics(10_000)
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(25_000)
    assert.deepEqual(new Set(scene.openedAt), new Set([null]))
    await scene.write(scene.entry('b'))
    await scene.time.pass(1_000)
    const before = scene.sent.length
    await flow.stop()
    assert.equal(scene.sent.length, before + 1)
    assert.equal(scene.recorded.length, 2)
  })

  test('a stop exports once more', async () => {
    const scene = new Scene()
    const flow = scene.metrics(60_000)
    flow.start()
    await scene.write(scene.entry('a'))
    await scene.time.pass(1_000)
    await flow.stop()
    assert.equal(scene.sent.length, 1)
    assert.equal(scene.bookmark, '1')
  })
})
