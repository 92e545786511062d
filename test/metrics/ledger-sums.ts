import { seriesKey } from '#test/support/exposition.ts'

/** A record as `GET /api/v1/usage` shows it. */
export interface LedgerRecord {
  readonly id: string
  readonly provider: string
  readonly model: string
  readonly endpoint: string
  readonly upstream: string
  readonly department: string
  readonly project: string
  readonly status_code: number
  readonly outcome: string
  readonly error: boolean
  readonly error_code: string
  readonly stream: boolean
  readonly usage_source: string
  readonly unpriced: boolean
  readonly marks: readonly string[]
  readonly latency_ms: number
  readonly time_to_first_token_ms: number | null
  readonly overhead_ms: number
  readonly attempts: readonly { readonly error_code: string; readonly status: number }[]
  readonly input_tokens: number
  readonly cached_input_tokens: number
  readonly cache_write_tokens: number
  readonly output_tokens: number
  readonly reasoning_tokens: number
  readonly cost_usd: string
  readonly cost_input_usd: string
  readonly cost_cached_input_usd: string
  readonly cost_cache_write_usd: string
  readonly cost_output_usd: string
  readonly cost_other_usd: string
}

const milliseconds = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * What every counter that follows from the ledger must show, by series, computed from its records alone and in the
 * plainest way. Zeros are left out. `_sum` of histograms are left to the caller, since they are sums of floats.
 */
export class LedgerSums {
  readonly #counts = new Map<string, number>()
  /** In 1e-12 USD. */
  readonly #money = new Map<string, bigint>()
  /** Families that are computed here: nothing else may stand in them. */
  readonly families = new Set<string>()

  constructor(records: readonly LedgerRecord[]) {
    for (const record of records) this.#take(record)
  }

  /** Of one series in the metrics; 0 where no record is behind it. */
  valueOf(key: string): number {
    const money = this.#money.get(key)
    if (money !== undefined) return Number(`${money}e-${key.startsWith('ai_api_cost_usd_cents') ? 10 : 12}`)
    return this.#counts.get(key) ?? 0
  }

  get keys(): readonly string[] {
    return [...this.#counts, ...this.#money].filter(([, value]) => Number(value) !== 0).map(([key]) => key)
  }

  #count(name: string, labels: Readonly<Record<string, string>>, by = 1): void {
    this.families.add(name)
    const key = seriesKey(name, labels)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }

  #cost(name: string, labels: Readonly<Record<string, string>>, usd: string): void {
    this.families.add(name)
    const key = seriesKey(name, labels)
    const [whole = '0', fraction = ''] = usd.split('.')
    this.#money.set(key, (this.#money.get(key) ?? 0n) + BigInt(whole + fraction.padEnd(12, '0')))
  }

  #observe(name: string, labels: Readonly<Record<string, string>>, { value, bounds }: Observation): void {
    for (const bound of bounds) this.#count(`${name}_bucket`, { ...labels, le: String(bound) }, value <= bound ? 1 : 0)
    this.#count(`${name}_bucket`, { ...labels, le: '+Inf' })
    this.#count(`${name}_count`, labels)
  }

  #take(record: LedgerRecord): void {
    // The record of a refused call has what its caller wrote in place of a model: no series is made of that.
    const model = record.outcome === 'refused' ? 'none' : record.model || 'none'
    const provider = record.provider || 'none'
    const byModel = { provider, model }
    const external = record.marks.includes('external')
    const status = { ...byModel, endpoint: record.endpoint, status_code: String(record.status_code) }
    this.#count('ai_api_requests_total', status)
    this.#count('tollgate_calls_total', { outcome: record.outcome })
    this.#count('ai_api_input_tokens_total', byModel, record.input_tokens)
    this.#count('ai_api_output_tokens_total', byModel, record.output_tokens)
    this.#count('tollgate_cached_input_tokens_total', byModel, record.cached_input_tokens)
    this.#count('tollgate_cache_write_tokens_total', byModel, record.cache_write_tokens)
    this.#count('tollgate_reasoning_tokens_total', byModel, record.reasoning_tokens)
    this.#count('tollgate_unpriced_calls_total', byModel, record.unpriced ? 1 : 0)
    this.#count('tollgate_estimated_usage_calls_total', byModel, record.usage_source === 'estimated' ? 1 : 0)
    const parts = ['input', 'cached_input', 'cache_write', 'output', 'other'] as const
    for (const part of parts)
      this.#cost('ai_api_cost_usd_cents', { ...byModel, cost_type: part }, record[`cost_${part}_usd`])
    if (!external) {
      const { latency_ms: value, endpoint } = record
      this.#observe('ai_api_request_duration_milliseconds', { ...byModel, endpoint }, { value, bounds: milliseconds })
      this.#count('ai_api_batch_size_count', byModel)
    }
    this.#takePayer(record, model, external)
    this.#takeRoad(record, byModel, external)
  }

  #takePayer(record: LedgerRecord, model: string, external: boolean): void {
    for (const prefix of ['tollgate_', 'holysheep_']) {
      const payer = { department: record.department || 'none', project: record.project || 'none', model }
      this.#count(`${prefix}token_usage_total`, { ...payer, token_type: 'input' }, record.input_tokens)
      this.#count(`${prefix}token_usage_total`, { ...payer, token_type: 'output' }, record.output_tokens)
      this.#cost(`${prefix}cost_usd_total`, payer, record.cost_usd)
      const value = record.latency_ms / 1000
      if (!external) this.#observe(`${prefix}request_latency_seconds`, payer, { value, bounds: seconds })
    }
  }

  #takeRoad(record: LedgerRecord, byModel: Readonly<Record<string, string>>, external: boolean): void {
    const { marks, attempts, upstream, outcome } = record
    this.#count('tollgate_external_events_total', {}, external ? 1 : 0)
    this.#count('tollgate_clients_left_total', {}, marks.includes('client_left') ? 1 : 0)
    if (outcome === 'refused') {
      this.#count('tollgate_refusals_total', { code: record.error_code })
      for (const mark of marks) {
        const [what, budget = ''] = mark.split(':')
        if (what === 'budget_exceeded' || what === 'limited') this.#count('tollgate_budget_refusals_total', { budget })
      }
    }
    if (record.error) this.#count('ai_api_errors_total', { ...byModel, error_type: this.#errorType(record) })
    if (record.stream && record.time_to_first_token_ms !== null)
      this.#count('tollgate_time_to_first_token_seconds_count', byModel)
    if (attempts.length === 0) return
    this.#count('tollgate_overhead_seconds_count', { endpoint: record.endpoint })
    this.#count('tollgate_upstream_attempts_total', { upstream }, attempts.length)
    this.#count('tollgate_upstream_retries_total', { upstream }, attempts.length - 1)
    for (const { error_code: kind } of attempts)
      if (kind !== '' && kind !== 'aborted') this.#count('tollgate_upstream_errors_total', { upstream, kind })
  }

  #errorType({ outcome, error_code: code, status_code: status, attempts }: LedgerRecord): string {
    if (outcome === 'interrupted') return 'interrupted'
    if (outcome !== 'failed') return `http_${status}`
    if (code.endsWith('_timeout')) return 'timeout'
    const last = attempts.at(-1)?.status ?? 0
    if (last >= 400) return `http_${last}`
    return code.startsWith('upstream_') || code === 'internal_error' ? 'exception' : 'answer'
  }
}

interface Observation {
  readonly value: number
  readonly bounds: readonly number[]
}
