import type { SettleEntry } from '#core/ledger/entry.ts'
import type { UpstreamFault } from '#ports.ts'
import { bookJob } from './book-job.ts'
import { countUsage } from './count-usage.ts'
import type { Forwarded } from './forward-call.ts'
import type { OpenCall } from './open-call.ts'
import { type Refusal, type RefusalCode, refusalStatus, refused } from './refusal.ts'
import { finishAnswer, refuse } from './respond.ts'
import type { Road } from './road.ts'
import { unknownModel } from './route.ts'
import { settle } from './settle.ts'

/** Settles the call in the journal, and only then lets go of the last bytes of its answer. */
export async function conclude(road: Road, open: OpenCall, forwarded: Forwarded): Promise<void> {
  const { arrival, control, echo } = open
  const { answer, attempts, delivery } = forwarded
  const refusal = instead(road, open, forwarded)
  const statusCode = refusal === null ? (answer?.status ?? 0) : refusalStatus[refusal.code]
  const counted = await countUsage(road.estimator, {
    open,
    delivery,
    upstreamStatus: answer?.status ?? null,
    lastAttempt: attempts.at(-1),
  })
  const { interrupted } = control
  const { arrivedAtMs } = arrival
  const entry = settle(road, { call: open.call, arrivedAtMs, attempts, delivery, statusCode, interrupted, counted })
  const written = road.journal.append(entry).then(() => {
    control.settled = true
  })
  await (open.call.endpoint === 'responses' ? Promise.all([written, bookJob(road, open, forwarded)]) : written)
  count(road, entry)
  const { exchange, match } = arrival
  if (refusal === null && answer !== null) {
    finishAnswer(exchange, answer, delivery, { entry, dialect: match.dialect, echo })
  } else {
    refuse(exchange, match.dialect, refusal ?? refused('internal_error', 'There is no answer to pass on.'), echo)
  }
}

/** What the caller gets in place of the upstream's answer; null where that is passed on. */
function instead(road: Road, open: OpenCall, { answer, delivery }: Forwarded): Refusal | null {
  const { call, control, ask, arrival } = open
  if (answer === null || (!delivery.started && delivery.fault !== null)) {
    const code = refusalFor(control.interrupted, delivery.fault)
    const why = control.interrupted ? 'the gateway is being stopped' : delivery.fault?.message
    return refused(code, `Provider "${call.upstream}": ${why ?? 'no answer'}.`)
  }
  // A provider does not say what else a misspelt name may have meant.
  if (answer.status !== 404 || delivery.started || !arrival.match.metered || ask.facts.model === null) return null
  const meant = road.models.meant(call.modelRouted)
  return meant.length === 0 ? null : refused('model_not_found', unknownModel(ask.facts.model, meant), 'model')
}

/** What a caller is told where nothing of an answer has reached it. */
function refusalFor(interrupted: boolean, fault: UpstreamFault | null): RefusalCode {
  if (interrupted) return 'shutting_down'
  switch (fault?.code) {
    case 'connect_failed':
    case 'connect_timeout':
      return 'upstream_unavailable'
    case 'first_byte_timeout':
    case 'idle_timeout':
      return 'upstream_timeout'
    case 'reset':
    case 'bad_answer':
    case 'unauthorized':
      return 'upstream_error'
    case 'aborted':
    case undefined:
      return 'client_left'
  }
}

function count({ counters }: Road, entry: SettleEntry): void {
  counters.calls += 1
  counters.retries += entry.attempts.length - 1
  if (entry.cost.unpriced) counters.unpricedCalls += 1
  if (entry.usageSource === 'estimated') counters.estimatedCalls += 1
  if (entry.marks.includes('client_left')) counters.clientsLeft += 1
  if (entry.outcome === 'failed') counters.upstreamFaults += 1
}
