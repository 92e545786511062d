import { Counter, Gauge, type Registry } from 'prom-client'
import { type Signal, signals, type TelemetryWatch } from '#core/telemetry/signals.ts'

/** How exports go, as metrics of their own: whoever's collector is away learns it from Prometheus. */
export class TelemetryMetrics implements TelemetryWatch {
  readonly #exported: Counter<'signal'>
  readonly #failures: Counter<'signal'>
  readonly #dropped: Counter<'signal'>
  readonly #waiting: Gauge<'signal'>
  readonly #up: Gauge<'signal'>

  constructor(registry: Registry) {
    const about = { labelNames: ['signal'] as const, registers: [registry] }
    this.#exported = new Counter({
      name: 'tollgate_telemetry_exported_total',
      help: 'Spans and metric points that the OpenTelemetry collector has taken.',
      ...about,
    })
    this.#failures = new Counter({
      name: 'tollgate_telemetry_export_failures_total',
      help: 'Tries to export that the OpenTelemetry collector did not answer or turned down.',
      ...about,
    })
    this.#dropped = new Counter({
      name: 'tollgate_telemetry_dropped_total',
      help: 'Spans, metric points and calls that are never exported: turned down, too old or too many.',
      ...about,
    })
    this.#waiting = new Gauge({
      name: 'tollgate_telemetry_queue_length',
      help: 'Spans, or calls in metrics, that were read from the journal and are not exported yet.',
      ...about,
    })
    this.#up = new Gauge({
      name: 'tollgate_telemetry_up',
      help: 'Whether the last export succeeded (1) or failed (0). There is none before the first.',
      ...about,
    })
    for (const signal of signals) {
      for (const counter of [this.#exported, this.#failures, this.#dropped]) counter.inc({ signal }, 0)
      this.#waiting.set({ signal }, 0)
    }
  }

  exported(signal: Signal, items: number): void {
    this.#exported.inc({ signal }, Math.max(0, items))
    this.#up.set({ signal }, 1)
  }

  failed(signal: Signal): void {
    this.#failures.inc({ signal })
    this.#up.set({ signal }, 0)
  }

  dropped(signal: Signal, items: number): void {
    this.#dropped.inc({ signal }, items)
  }

  waiting(signal: Signal, items: number): void {
    this.#waiting.set({ signal }, items)
  }
  /** Nothing is exported any more, or to another collector: nobody knows how that goes, before the first export. */
  ended(): void {
    this.#up.reset()
    for (const signal of signals) this.#waiting.set({ signal }, 0)
  }
}
