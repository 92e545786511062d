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
  }
}
