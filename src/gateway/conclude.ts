import type { SettleEntry } from '#core/ledger/entry.ts'
import type { UpstreamFault } from '#ports.ts'
import { countUsage } from './count-usage.ts'
import type { Forwarded } from './forward-call.ts'
import type { OpenCall } from './open-call.ts'
import { type RefusalCode, refusalStatus, refused } from './refusal.ts'
import { finishAnswer, refuse } from './respond.ts'
import type { Road } from './road.ts'
import { settle } from './settle.ts'

/** Settles the call in the journal, and only then lets go of the last bytes of its answer. */
export async function conclude(road: Road, open: OpenCall, forwarded: Forwarded): Promise<void> {
  const { arrival, control, echo } = open
  const { answer, attempts, delivery } = forwarded
  const passedOn = answer !== null && (delivery.started || delivery.fault === null)
  const code = passedOn ? null : refusalFor(control.interrupted, delivery.fault)
  const statusCode = code === null ? (answer?.status ?? 0) : refusalStatus[code]
  const counted = await countUsage(road.estimator, { open, delivery, upstreamStatus: answer?.status ?? null })
  const { interrupted } = control
  const { arrivedAtMs } = arrival
  const entry = settle(road, { call: open.call, arrivedAtMs, attempts, delivery, statusCode, interrupted, counted })
  await road.journal.append(entry)
  road.running.remove(control)
  count(road, entry)
  if (code === null && answer !== null) {
    finishAnswer(arrival.exchange, answer, delivery, { entry, dialect: arrival.match.dialect, echo })
  } else {
    const message = `Provider "${open.call.upstream}": ${entry.errorMessage}.`
    refuse(arrival.exchange, arrival.match.dialect, refused(code ?? 'internal_error', message), echo)
  }
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
