import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { AlertEvent } from './alert.ts'
import { labelsOfCall } from './labels.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import type { OpenAlerts } from './open-alerts.ts'

const hourMs = 3_600_000
/** Where more fire at once, the oldest ends before its time. */
const mostOpen = 1000

/** A call that generated more tokens than its model may in one call. Each fires once, and is over after an hour. */
export class OversizedRequest {
  readonly #open: OpenAlerts
  readonly #models: ReadonlyMap<string, number>
  readonly #others: number

  constructor(open: OpenAlerts, live: LiveThresholds) {
    this.#open = open
    const { models = {}, others = Infinity } = live.outputTokens ?? {}
    this.#models = new Map(Object.entries(models).map(([model, tokens]) => [model.toLowerCase(), tokens]))
    this.#others = others
  }

  take(entry: SettleEntry): AlertEvent[] {
    const { call, tokens, endedAtMs } = entry
    const threshold = this.#models.get(call.modelRouted.toLowerCase()) ?? this.#others
    if (tokens.output <= threshold) return []
    const event = this.#open.begin({
      type: 'oversized_request',
      key: call.callId,
      severity: 'warning',
      labels: labelsOfCall(entry),
      facts: {
        model: call.modelRouted,
        provider: call.upstream,
        output_tokens: String(tokens.output),
        threshold_tokens: String(threshold),
        cost_usd: entry.cost.unpriced ? '' : formatUsd(entry.cost.totalPicoUsd),
        call_id: call.callId,
        request_id: call.requestId,
      },
      atMs: endedAtMs,
      cause: call.callId,
      until: { atMs: endedAtMs + hourMs, reason: 'time_over' },
    })
    return [event, ...this.#displaced(endedAtMs)]
  }

  #displaced(atMs: number): AlertEvent[] {
    const oldest = this.#open.oldest('oversized_request')
    if (oldest === undefined || this.#open.count('oversized_request') <= mostOpen) return []
    return this.#open.end('oversized_request', oldest.key, { atMs, reason: 'displaced' })
  }
}
