import { externalMark, type SettleEntry } from '#core/ledger/entry.ts'
import type { AlertEvent } from './alert.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import type { OpenAlerts } from './open-alerts.ts'

/** JSON as it stands: provider, then index, calls and failed calls of each bucket. */
export type UpstreamErrorsState = readonly (readonly [string, readonly Bucket[]])[]

type Bucket = readonly [index: number, calls: number, failed: number]

type Limit = Exclude<LiveThresholds['upstreamErrors'], null>

/** A window is counted in so many parts; it reaches back over whole ones. */
export const bucketsPerWindow = 30
/** Providers are configured, so few; the least recently called is forgotten. */
const mostProviders = 500

/**
 * The share of calls that a provider failed, over a sliding window by the times at which calls ended. Fires from the
 * threshold on where there were enough calls. Over when the share is below four fifths of the threshold, so that it does
 * not flutter, or when nothing was called for a whole window.
 */
export class UpstreamErrors {
  readonly #open: OpenAlerts
  readonly #limit: Limit | null
  /** Least recently called first. */
  readonly #providers: Map<string, Bucket[]>

  constructor(open: OpenAlerts, live: LiveThresholds, state: UpstreamErrorsState = []) {
    this.#open = open
    this.#limit = live.upstreamErrors
    this.#providers = new Map(state.map(([provider, buckets]) => [provider, [...buckets]]))
  }

  take(entry: SettleEntry): AlertEvent[] {
    const limit = this.#limit
    const provider = entry.call.upstream
    if (limit === null || provider === '' || !wentUpstream(entry)) return []
    const buckets = this.#count(entry, limit.windowMs)
    const calls = buckets.reduce((sum, bucket) => sum + bucket[1], 0)
    const failed = buckets.reduce((sum, bucket) => sum + bucket[2], 0)
    const { endedAtMs } = entry
    if (this.#open.get('upstream_errors', provider) !== undefined) {
      if (failed * 500 >= limit.percent * calls * 4) {
        this.#open.extend('upstream_errors', provider, endedAtMs + limit.windowMs)
        return []
      }
      return this.#open.end('upstream_errors', provider, { atMs: endedAtMs, reason: 'recovered' })
    }
    if (failed === 0 || calls < limit.leastCalls || failed * 100 < limit.percent * calls) return []
    return [this.#begin(entry, limit, { calls, failed })]
  }

  state(): UpstreamErrorsState {
    return [...this.#providers].map(([provider, buckets]) => [provider, [...buckets]])
  }

  #count(entry: SettleEntry, windowMs: number): readonly Bucket[] {
    const provider = entry.call.upstream
    const index = Math.floor((entry.endedAtMs * bucketsPerWindow) / windowMs)
    const before = this.#providers.get(provider) ?? []
    // Buckets of another time, be it long ago or ahead (the clock was set back), say nothing about now.
    const buckets = before.filter((bucket) => Math.abs(bucket[0] - index) < bucketsPerWindow)
    const [, calls, failed] = buckets.find((bucket) => bucket[0] === index) ?? [index, 0, 0]
    const counted: Bucket = [index, calls + 1, failed + (providerFailed(entry) ? 1 : 0)]
    const now = [...buckets.filter((bucket) => bucket[0] !== index), counted]
    this.#providers.delete(provider)
    this.#providers.set(provider, now)
    const [oldest] = this.#providers.keys()
    if (this.#providers.size > mostProviders && oldest !== undefined) this.#providers.delete(oldest)
    return now
  }

  #begin(entry: SettleEntry, limit: Limit, seen: { calls: number; failed: number }): AlertEvent {
    const { call, endedAtMs } = entry
    return this.#open.begin({
      type: 'upstream_errors',
      key: call.upstream,
      severity: 'critical',
      labels: { provider: call.upstream },
      facts: {
        provider: call.upstream,
        failed: String(seen.failed),
        calls: String(seen.calls),
        percent: String(Math.floor((seen.failed * 100) / seen.calls)),
        threshold_percent: String(limit.percent),
        window_seconds: String(Math.round(limit.windowMs / 1000)),
        last_error: entry.errorCode,
      },
      atMs: endedAtMs,
      cause: call.callId,
      until: { atMs: endedAtMs + limit.windowMs, reason: 'quiet' },
    })
  }
}

/** Costs booked from outside and calls that the gateway itself turned away or lost say nothing about a provider. */
function wentUpstream({ outcome, marks }: SettleEntry): boolean {
  return outcome !== 'refused' && outcome !== 'interrupted' && !marks.includes(externalMark)
}

/** What a caller did wrong (400, 404, 413, 422…) is not the provider's failure; a bad key, an empty account, a limit is. */
export function providerFailed({ outcome, attempts, statusCode }: SettleEntry): boolean {
  if (outcome !== 'failed') return false
  const status = attempts.at(-1)?.status ?? statusCode
  return status < 400 || status >= 500 || [401, 402, 403, 408, 429].includes(status)
}
