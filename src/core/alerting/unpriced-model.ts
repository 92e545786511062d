import type { SettleEntry } from '#core/ledger/entry.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import type { AlertEvent } from './alert.ts'
import type { OpenAlerts } from './open-alerts.ts'

const dayMs = 86_400_000
/** Where as many fire, no further model begins one until another's is over. */
const mostOpen = 500

/**
 * Usage without a known price, by provider and model; over when a call of it is priced, or after a day without an
 * unpriced one.
 */
export class UnpricedModel {
  readonly #open: OpenAlerts
  readonly #on: boolean

  constructor(open: OpenAlerts, on: boolean) {
    this.#open = open
    this.#on = on
  }

  take(entry: SettleEntry): AlertEvent[] {
    const { call, cost, endedAtMs, modelServed } = entry
    const model = bounded(call.modelRouted, longestModel)
    const key = JSON.stringify([call.upstream, model])
    const open = this.#open.get('unpriced_model', key)
    if (!cost.unpriced) {
      if (open === undefined || cost.priceVersion === '') return []
      return this.#open.end('unpriced_model', key, { atMs: endedAtMs, reason: 'priced' })
    }
    const quietAtMs = endedAtMs + dayMs
    if (open !== undefined) {
      if (open.until === null || open.until.atMs < quietAtMs) this.#open.extend('unpriced_model', key, quietAtMs)
      return []
    }
    if (!this.#on || this.#open.count('unpriced_model') >= mostOpen) return []
    const labels = { provider: call.upstream, model }
    const event = this.#open.begin({
      type: 'unpriced_model',
      key,
      severity: 'warning',
      labels,
      facts: { ...labels, model_served: modelServed, call_id: call.callId, request_id: call.requestId },
      atMs: endedAtMs,
      cause: call.callId,
      until: { atMs: quietAtMs, reason: 'quiet' },
    })
    return [event]
  }
}
