import type { Attempt } from '#core/ledger/entry.ts'
import type { UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Delivery } from '../answer/delivery.ts'
import { roundedMs } from '../duration.ts'
import type { Went } from '../forward.ts'
import type { OpenCall } from '../open-call.ts'
import { type Refusal, type RefusalCode, refused, statusOf } from '../refusal.ts'
import { unknownModel } from '../request/route.ts'
import type { Road } from '../road.ts'

/** A call of which the upstream has said its last word, and whose client still waits for it. */
export interface EndedCall {
  readonly open: OpenCall
  readonly attempts: readonly Attempt[]
  /** Null where no upstream answered. */
  readonly answer: UpstreamAnswer | null
  readonly delivery: Delivery
  /** What the client gets in place of the upstream's answer; null where that is passed on. */
  readonly instead: Refusal | null
  /** What the client is told, or would have been. */
  readonly statusCode: number
}

export function endCall(road: Road, open: OpenCall, went: Went, relayed: Delivery): EndedCall {
  open.control.upstreamEnded()
  const answer = went.kind === 'answered' ? went.answer : null
  const reading = open.route.upstream.secret.hiddenInReading(relayed.reading)
  const delivery = reading === relayed.reading ? relayed : { ...relayed, reading }
  const attempts = went.kind === 'answered' ? measured(open, went.attempts, delivery) : went.attempts
  const instead = insteadOf(road, open, answer, delivery)
  const statusCode = instead === null ? (answer?.status ?? 0) : statusOf(instead)
  return { open, attempts, answer, delivery, instead, statusCode }
}

/** The last attempt lasted until its body had ended, or broken off. */
function measured({ arrival }: OpenCall, attempts: readonly Attempt[], delivery: Delivery): readonly Attempt[] {
  const last = attempts.at(-1)
  if (last === undefined) return attempts
  const { startedAfterMs, status } = last
  const durationMs = roundedMs(delivery.upstreamEndedAtMs - arrival.arrivedAtMs - startedAfterMs)
  const errorCode = delivery.fault === null ? last.errorCode : delivery.fault.code
  const whole = { startedAfterMs, durationMs, status, errorCode }
  return attempts.length === 1 ? [whole] : [...attempts.slice(0, -1), whole]
}

function insteadOf(road: Road, open: OpenCall, answer: UpstreamAnswer | null, delivery: Delivery): Refusal | null {
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
