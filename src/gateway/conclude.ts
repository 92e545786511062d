import type { SettleEntry } from '#core/ledger/entry.ts'
import type { EndedCall } from './end-call.ts'
import { refused } from './refusal.ts'
import { finishAnswer, refuse } from './respond.ts'
import type { Road } from './road.ts'

/** Counts the call and lets go of the last bytes of its answer: the record is in the journal now. */
export function conclude(road: Road, { open, answer, delivery, instead }: EndedCall, record: SettleEntry): void {
  count(road, record)
  const { exchange, match } = open.arrival
  if (instead === null && answer !== null) {
    finishAnswer(exchange, answer, delivery, { entry: record, dialect: match.dialect, echo: open.echo })
  } else {
    refuse(exchange, match.dialect, instead ?? refused('internal_error', 'There is no answer to pass on.'), open.echo)
  }
}

function count({ counters }: Road, record: SettleEntry): void {
  counters.calls += 1
  counters.retries += record.attempts.length - 1
  if (record.cost.unpriced) counters.unpricedCalls += 1
  if (record.usageSource === 'estimated') counters.estimatedCalls += 1
  if (record.marks.includes('client_left')) counters.clientsLeft += 1
  if (record.outcome === 'failed') counters.upstreamFaults += 1
}
