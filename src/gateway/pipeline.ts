import type { ClientExchange } from '#ports.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import { admit } from './admit.ts'
import { arrive } from './arrival.ts'
import { readAsk } from './ask.ts'
import { attributeCall } from './attribute-call.ts'
import { conclude } from './conclude.ts'
import { forwardCall } from './forward-call.ts'
import { openCall } from './open-call.ts'
import type { Road } from './road.ts'
import { chooseRoute } from './route.ts'
import { settleFault } from './settle-fault.ts'
import { turnAway } from './turn-away.ts'

/**
 * The road: one call from its arrival to its last byte. Each stage takes facts and returns one new fact, or says why
 * the call goes no further.
 *
 * What makes the bill exact are two lines: nothing goes upstream before `openCall` has it in the journal, and no
 * client gets its last byte before `conclude` has the record there.
 */
export async function takeCall(road: Road, exchange: ClientExchange, match: EndpointMatch): Promise<void> {
  const arrival = arrive(road, exchange, match)
  const caller = await admit(road, exchange)
  if (caller.kind === 'refused') return turnAway(road, arrival, caller)

  const ask = await readAsk(road, arrival)
  if (ask.kind === 'refused') return turnAway(road, arrival, ask, { caller })

  const attributed = attributeCall(road, arrival, caller, ask)
  if (attributed.kind === 'refused') return turnAway(road, arrival, attributed, { caller, ask })

  const { payer } = attributed
  const route = chooseRoute(road, arrival, caller, ask)
  if (route.kind === 'refused') return turnAway(road, arrival, route, { caller, ask, payer })

  const open = await openCall(road, { arrival, caller, ask, payer, route })
  if (open.kind === 'refused') return turnAway(road, arrival, open, { caller, ask, payer })

  try {
    const forwarded = await forwardCall(road, open)
    await conclude(road, open, forwarded)
  } catch (fault) {
    await settleFault(road, open)
    throw fault
  } finally {
    road.running.remove(open.control)
  }
}
