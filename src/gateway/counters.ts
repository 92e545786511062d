/** What an operator must be able to see grow, beside what the ledger says. Plain numbers: the road only adds one. */
export interface Counters {
  calls: number
  refusals: number
  unpricedCalls: number
  estimatedCalls: number
  retries: number
  /** Tries to set a field of attribution that the key does not leave to its callers. */
  deniedOverrides: number
  clientsLeft: number
  upstreamFaults: number
  /** Costs metered elsewhere that were booked. */
  externalEvents: number
  /** Those that came again. */
  externalReplays: number
}

export function createCounters(): Counters {
  return {
    calls: 0,
    refusals: 0,
    unpricedCalls: 0,
    estimatedCalls: 0,
    retries: 0,
    deniedOverrides: 0,
    clientsLeft: 0,
    upstreamFaults: 0,
    externalEvents: 0,
    externalReplays: 0,
  }
}

const help: Readonly<Record<keyof Counters, readonly [name: string, text: string]>> = {
  calls: ['tollgate_calls_total', 'Calls that went upstream and were settled.'],
  refusals: ['tollgate_refusals_total', 'Calls that the gateway turned away.'],
  unpricedCalls: ['tollgate_unpriced_calls_total', 'Settled calls for whose usage no price is known.'],
  estimatedCalls: ['tollgate_estimated_usage_calls_total', 'Settled calls whose usage had to be estimated.'],
  retries: ['tollgate_upstream_retries_total', 'Further attempts at an upstream.'],
  deniedOverrides: [
    'tollgate_attribution_denied_total',
    'Attribution fields that a key does not leave to its callers.',
  ],
  clientsLeft: ['tollgate_clients_left_total', 'Calls whose caller left before the end of the answer.'],
  upstreamFaults: ['tollgate_failed_calls_total', 'Calls that an upstream refused or broke off.'],
  externalEvents: ['tollgate_external_events_total', 'Costs metered elsewhere that were booked.'],
  externalReplays: ['tollgate_external_replays_total', 'Costs metered elsewhere that were booked already.'],
}

/** Prometheus text, version 0.0.4. */
export function renderCounters(counters: Counters, inFlight: number): string {
  const lines: string[] = []
  for (const key of Object.keys(counters) as (keyof Counters)[]) {
    const [name, text] = help[key]
    lines.push(`# HELP ${name} ${text}`, `# TYPE ${name} counter`, `${name} ${counters[key]}`)
  }
  lines.push('# HELP tollgate_calls_in_flight Calls under way.', '# TYPE tollgate_calls_in_flight gauge')
  lines.push(`tollgate_calls_in_flight ${inFlight}`, '')
  return lines.join('\n')
}
