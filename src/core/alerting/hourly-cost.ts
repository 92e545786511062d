import type { SettleEntry } from '#core/ledger/entry.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { AlertEvent } from './alert.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import type { OpenAlerts } from './open-alerts.ts'

/** JSON as it stands: hour, sums in 1e-12 USD by subject, subjects told. */
export type HourlyCostState = readonly (readonly [number, readonly (readonly [string, string])[], readonly string[]])[]

interface Hour {
  /** By model in lower case; the empty text is the total. Only models that have a limit. */
  readonly sums: Map<string, bigint>
  readonly told: Set<string>
}

const hourMs = 3_600_000
/** Hours that calls were booked in last: calls are long, and some costs are booked late. */
const mostHours = 50
const total = ''

/**
 * Cost of a clock hour (UTC) over a limit, once per hour and subject. A call belongs to the hour in which it started, as
 * in reports. A call of an hour that is none of the last fifty booked in begins that hour's sum anew.
 */
export class HourlyCost {
  readonly #open: OpenAlerts
  readonly #limits: ReadonlyMap<string, PicoUsd>
  /** Least recently booked in first. */
  readonly #hours: Map<number, Hour>

  constructor(open: OpenAlerts, live: LiveThresholds, state: HourlyCostState = []) {
    this.#open = open
    const { totalPicoUsd = null, models = {} } = live.hourlyCost ?? {}
    const limits = Object.entries(models).map(([model, limit]) => [model.toLowerCase(), limit] as const)
    this.#limits = new Map(totalPicoUsd === null ? limits : [[total, totalPicoUsd], ...limits])
    this.#hours = new Map(
      state.map(([startMs, sums, told]) => {
        return [startMs, { sums: new Map(sums.map(([name, sum]) => [name, BigInt(sum)])), told: new Set(told) }]
      }),
    )
  }

  take(entry: SettleEntry): AlertEvent[] {
    const cost = entry.cost.totalPicoUsd
    if (this.#limits.size === 0 || cost === 0n) return []
    const startMs = Math.floor(entry.call.startedAtMs / hourMs) * hourMs
    const hour = this.#hour(startMs)
    const model = entry.call.modelRouted.toLowerCase()
    // What has no model, such as a bill, is in the total once.
    const subjects = model === total ? [total] : [total, model]
    return subjects.flatMap((subject) => {
      const limit = this.#limits.get(subject)
      if (limit === undefined) return []
      const sum = (hour.sums.get(subject) ?? 0n) + cost
      hour.sums.set(subject, sum)
      if (sum <= limit || hour.told.has(subject)) return []
      hour.told.add(subject)
      return [this.#begin(entry, { subject, startMs, sum, limit })]
    })
  }

  state(): HourlyCostState {
    return [...this.#hours].map(([startMs, { sums, told }]) => {
      return [startMs, [...sums].map(([name, sum]) => [name, String(sum)] as const), [...told]]
    })
  }

  #hour(startMs: number): Hour {
    const hour = this.#hours.get(startMs) ?? { sums: new Map<string, bigint>(), told: new Set<string>() }
    this.#hours.delete(startMs)
    this.#hours.set(startMs, hour)
    const [oldest] = this.#hours.keys()
    if (this.#hours.size > mostHours && oldest !== undefined) this.#hours.delete(oldest)
    return hour
  }

  #begin(entry: SettleEntry, over: { subject: string; startMs: number; sum: bigint; limit: PicoUsd }): AlertEvent {
    const { subject, startMs, sum, limit } = over
    const endMs = startMs + hourMs
    return this.#open.begin({
      type: 'hourly_cost',
      key: JSON.stringify([subject, startMs]),
      severity: 'warning',
      labels: { model: subject },
      facts: {
        model: subject,
        limit_usd: formatUsd(limit),
        cost_usd: formatUsd(picoUsd(sum)),
        hour_start: new Date(startMs).toISOString(),
        hour_end: new Date(endMs).toISOString(),
      },
      atMs: entry.endedAtMs,
      cause: String(startMs),
      until: { atMs: Math.max(endMs, entry.endedAtMs), reason: 'hour_over' },
    })
  }
}
