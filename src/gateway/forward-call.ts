import type { Attempt } from '#core/ledger/entry.ts'
import type { Timer, UpstreamAnswer, UpstreamFault } from '#ports.ts'
import { type Delivery, noBytes, noReading } from './delivery.ts'
import { forward } from './forward.ts'
import { answerWithoutSecret, readingWithoutSecret } from './hide-secret.ts'
import type { OpenCall } from './open-call.ts'
import { relay } from './relay.ts'
import type { Road } from './road.ts'
import { inMicros } from './settle.ts'

export interface Forwarded {
  readonly attempts: readonly Attempt[]
  /** Null where no upstream answered. */
  readonly answer: UpstreamAnswer | null
  readonly delivery: Delivery
}

/**
 * Sends the call upstream and passes on what comes back, but for the last bytes. A caller who leaves, at whatever
 * moment, gives the upstream as long as the limits say.
 */
export async function forwardCall(road: Road, open: OpenCall): Promise<Forwarded> {
  const { arrival, control } = open
  const readOn: Timer[] = []
  let over = false
  arrival.exchange.onGone(() => {
    if (!over) readOn.push(control.callerLeft(road.timers, road.readOn.readAfterDisconnectMs))
  })
  try {
    return await goThere(road, open)
  } finally {
    over = true
    for (const timer of readOn) timer.cancel()
  }
}

async function goThere(road: Road, open: OpenCall): Promise<Forwarded> {
  const { arrival, control, route } = open
  const { config, door } = route.upstream
  const went = await forward(
    {
      upstream: door,
      request: route.request,
      maxRetries: config.retries.max,
      retryBaseMs: config.retries.baseMs,
      arrivedAtMs: arrival.arrivedAtMs,
      control,
      wanted: () => !arrival.exchange.gone && !control.interrupted,
    },
    road,
  )
  const { attempts } = went
  if (went.kind === 'failed') return { attempts, answer: null, delivery: unanswered(road, open, went.fault) }
  const answer = answerWithoutSecret(went.answer, config.apiKey)
  const relayed = await relay(road, open, answer, went.abort)
  const reading = readingWithoutSecret(relayed.reading, config.apiKey)
  const delivery = reading === relayed.reading ? relayed : { ...relayed, reading }
  return { attempts: measured(attempts, delivery, arrival.arrivedAtMs), answer, delivery }
}

function unanswered(road: Road, { arrival }: OpenCall, fault: UpstreamFault): Delivery {
  return {
    reading: noReading,
    form: 'opaque',
    held: noBytes,
    fault,
    clientLeft: arrival.exchange.gone,
    started: false,
    firstByteAtMs: null,
    upstreamEndedAtMs: road.clock.monotonicMs(),
  }
}

/** The last attempt lasted until its body had ended, or broken off. */
function measured(attempts: readonly Attempt[], delivery: Delivery, arrivedAtMs: number): readonly Attempt[] {
  const last = attempts.at(-1)
  if (last === undefined) return attempts
  const durationMs = inMicros(delivery.upstreamEndedAtMs - arrivedAtMs - last.startedAfterMs)
  const errorCode = delivery.fault === null ? last.errorCode : delivery.fault.code
  const whole = { ...last, durationMs, errorCode }
  return attempts.length === 1 ? [whole] : [...attempts.slice(0, -1), whole]
}
