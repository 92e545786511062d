import type { Payer } from '#core/attribution/payer.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import { noCost } from '#core/pricing/cost.ts'
import { noTokens } from '#core/usage/totals.ts'
import { refuse } from './answer/respond.ts'
import { traced } from './call-trace.ts'
import { errorText } from './error-text.ts'
import { type Refusal, statusOf } from './refusal.ts'
import type { Caller } from './request/admit.ts'
import type { Arrival } from './request/arrival.ts'
import type { Ask } from './request/ask.ts'
import type { Road } from './road.ts'

/** What was known of a call when it was turned away. */
interface Known {
  readonly caller: Caller
  readonly ask?: Ask
  readonly payer?: Payer
}

/**
 * Refuses a call that has not gone upstream. Calls of a known key are recorded at no cost; what strangers send is
 * only counted, or anybody could fill the ledger.
 */
export async function turnAway(road: Road, arrival: Arrival, refusal: Refusal, known?: Known): Promise<void> {
  // Where it is recorded, the record must not be taken for what the hold was for.
  road.budgets.release(arrival.callId)
  const payer = known?.payer ?? known?.caller.key.attribution
  // While the gateway stops, the journal may be closed before the record comes to it.
  if (known !== undefined && !road.running.closed && road.journal.refusal() === null) {
    await road.journal.append(traced(recordOf(road, arrival, refusal, known), arrival.trace))
  } else {
    road.counts.refusedStranger(refusal.code)
  }
  const echo = { requestId: arrival.requestId, costCenter: payer?.costCenter ?? '', headers: [] }
  refuse(arrival.exchange, arrival.match.dialect, refusal, echo)
}

function recordOf(road: Road, arrival: Arrival, refusal: Refusal, known: Known): SettleEntry {
  const latencyMs = road.clock.monotonicMs() - arrival.arrivedAtMs
  const facts = known.ask?.facts
  return {
    kind: 'settle',
    call: {
      callId: arrival.callId,
      requestId: arrival.requestId,
      startedAtMs: arrival.startedAtMs,
      payer: known.payer ?? known.caller.key.attribution,
      keyId: known.caller.key.id,
      vendor: '',
      upstream: '',
      modelRequested: bounded(facts?.model ?? arrival.match.modelInPath ?? '', longestModel),
      modelRouted: '',
      endpoint: arrival.match.endpoint,
      stream: facts?.stream ?? arrival.match.streamInPath,
      promptHash: '',
    },
    endedAtMs: arrival.startedAtMs + Math.round(latencyMs),
    outcome: 'refused',
    modelServed: '',
    usageSource: 'none',
    tokens: noTokens,
    units: {},
    cost: noCost,
    marks: refusal.marks ?? [],
    latencyMs,
    timeToFirstTokenMs: null,
    overheadMs: latencyMs,
    statusCode: statusOf(refusal),
    errorCode: refusal.code,
    // What it says may repeat what the caller sent.
    errorMessage: errorText(refusal.message),
    attempts: [],
    cacheHit: false,
  }
}
