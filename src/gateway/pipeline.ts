import { relay } from './answer/relay.ts'
import { reserve } from './budgets/reserve.ts'
import { enterRecord } from './enter-record.ts'
import { forward } from './forward.ts'
import { enterCall, type OpenCall, openCall } from './open-call.ts'
import { admit, admitWithToken } from './request/admit.ts'
import type { Arrival } from './request/arrival.ts'
import { readAsk, takeBody } from './request/ask.ts'
import { attributeCall } from './request/attribute-call.ts'
import { chooseRoute } from './request/route.ts'
import type { Road } from './road.ts'
import { conclude } from './settlement/conclude.ts'
import { estimatedUsage, reportedUsage } from './settlement/count-usage.ts'
import { endCall } from './settlement/end-call.ts'
import { settle } from './settlement/settle.ts'
import { settleFault } from './settlement/settle-fault.ts'
import { turnAway } from './turn-away.ts'

/**
 * The road: one call from its arrival to its last byte. Each stage takes facts and returns one new fact, or says why
 * the call goes no further. All that it waits for stands here: most stages are plain functions, since every wait costs
 * as much as a stage; so what is there already is not waited for.
 *
 * What makes the bill exact are two lines: nothing goes upstream before `enterCall` has it in the journal, and no
 * client gets its last byte before `enterRecord` has the record there.
 */
export async function takeCall(road: Road, arrival: Arrival): Promise<void> {
  const { exchange, startedAtMs } = arrival
  const caller =
    road.claims === null
      ? admit(road, exchange, startedAtMs)
      : await admitWithToken(road, road.claims, exchange, startedAtMs)
  if (caller.kind === 'refused') return turnAway(road, arrival, caller)

  const body = takeBody(road, arrival, caller)
  const read = readAsk(road, arrival, caller, body instanceof Promise ? await body : body)
  const ask = read instanceof Promise ? await read : read
  if (ask.kind === 'refused') return turnAway(road, arrival, ask, { caller })

  const attributed = attributeCall(road, arrival, caller, ask)
  if (attributed.kind === 'refused') return turnAway(road, arrival, attributed, { caller, ask })

  const { payer } = attributed
  const chosen = chooseRoute(road, arrival, caller, ask)
  if (chosen.kind === 'refused') return turnAway(road, arrival, chosen, { caller, ask, payer })

  const asking = { arrival, caller, ask, payer, route: chosen }
  const held = reserve(road, asking)
  const reserved = held instanceof Promise ? await held : held
  if (reserved.kind === 'refused') return turnAway(road, arrival, reserved, { caller, ask, payer })

  let open: OpenCall | null = null
  try {
    const opened = openCall(road, asking, reserved)
    if (opened.kind === 'refused') return await turnAway(road, arrival, opened, { caller, ask, payer })
    const shut = await enterCall(road, opened)
    if (shut !== null) return await turnAway(road, arrival, shut, { caller, ask, payer })
    open = opened
    const went = await forward(road, open)
    const relayed = relay(road, open, went)
    const delivery = relayed instanceof Promise ? await relayed : relayed
    const ended = endCall(road, open, went, delivery)
    const counted = reportedUsage(ended) ?? (await estimatedUsage(road.estimator, ended))
    const record = settle(road, ended, counted)
    await enterRecord(road, ended, record)
    conclude(ended, record)
  } catch (fault) {
    if (open !== null) await settleFault(road, open)
    throw fault
  } finally {
    if (open !== null) road.running.remove(open.control)
    road.budgets.release(arrival.callId)
  }
}
