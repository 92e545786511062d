import { resourceFromAttributes } from '@opentelemetry/resources'
import type { CallMeasures, CallSpan, ExportOutcome } from '#core/telemetry/signals.ts'
import type { Clock } from '#ports.ts'
import { OtlpMeter } from './meter.ts'
import { OtlpSender, type OtlpTarget } from './sender.ts'
import { type Scope, spansPost } from './spans.ts'

interface OtlpOptions extends OtlpTarget {
  /** Attributes that say who exports. */
  readonly resource: Readonly<Record<string, string>>
  readonly version: string
  readonly clock: Clock
}

/** A collector that takes spans and metrics over OTLP. Loaded only where there is one: its libraries cost the start. */
export class OtlpCollector {
  readonly #sender: OtlpSender
  readonly #clock: Clock
  readonly #scope: Scope
  readonly #resource: ReturnType<typeof resourceFromAttributes>
  readonly #meter: OtlpMeter

  constructor({ resource, version, clock, ...target }: OtlpOptions) {
    this.#sender = new OtlpSender(target)
    this.#clock = clock
    this.#scope = { name: 'tollgate', version }
    this.#resource = resourceFromAttributes(resource)
    this.#meter = new OtlpMeter(this.#resource, this.#scope)
  }

  sendSpans(spans: readonly CallSpan[], signal: AbortSignal): Promise<ExportOutcome> {
    const post = spansPost(spans, this.#resource, this.#scope)
    return this.#sender.post({ path: '/v1/traces', ...post, nowMs: this.#clock.wallMs(), signal })
  }

  record(measures: CallMeasures): void {
    this.#meter.record(measures)
  }

  /** All that was recorded so far, as so many points; null where that is nothing. */
  async sendMetrics(signal: AbortSignal): Promise<{ readonly outcome: ExportOutcome; readonly points: number } | null> {
    const post = await this.#meter.post()
    if (post === null) return null
    const { points, ...request } = post
    const nowMs = this.#clock.wallMs()
    const outcome = await this.#sender.post({ path: '/v1/metrics', ...request, nowMs, signal })
    return { outcome, points }
  }

  close(): Promise<void> {
    return this.#sender.close()
  }
}
