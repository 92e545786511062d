import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { settleInterrupted } from './interrupted.ts'

/**
 * Books a call that a fault of the gateway's own has ended, so that no open entry is left behind: with the tokens
 * guessed from its request, as nobody can say how far the provider got. Does nothing where the call is settled.
 */
export async function settleFault(road: Road, { control, entry, arrival }: OpenCall): Promise<void> {
  control.abort()
  if (control.settled) return
  await road.journal.append({
    ...settleInterrupted(entry, road.prices, road.clock.wallMs()),
    outcome: 'failed',
    latencyMs: road.clock.monotonicMs() - arrival.arrivedAtMs,
    statusCode: 500,
    errorCode: 'internal_error',
    errorMessage: 'the gateway failed to handle this call; its log says why',
  })
}
