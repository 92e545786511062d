import type { ClientExchange } from '#ports.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import { beginTrace, type CallTrace } from '../call-trace.ts'
import type { Road } from '../road.ts'

/** A call that has come in, before anything of it was judged. */
export interface Arrival {
  readonly exchange: ClientExchange
  readonly match: EndpointMatch
  readonly callId: string
  /** The caller's own, where it is fit to be echoed; otherwise the call id. */
  readonly requestId: string
  readonly startedAtMs: number
  /** Monotonic. */
  readonly arrivedAtMs: number
  /** Null where calls are not traced: what the caller says of its trace is then passed on as it is. */
  readonly trace: CallTrace | null
}

/** Visible ASCII without quotes: goes into a header, logs and tables unharmed. */
const fitRequestId = /^[!#-&(-~]{1,128}$/

export function arrive(road: Road, exchange: ClientExchange, match: EndpointMatch): Arrival {
  const startedAtMs = road.clock.wallMs()
  const callId = road.ids.callId(startedAtMs)
  const asked = exchange.headers['x-request-id']
  const requestId = typeof asked === 'string' && fitRequestId.test(asked) ? asked : callId
  const trace = road.tracing === null ? null : beginTrace(road.tracing, road.ids, exchange.headers)
  return { exchange, match, callId, requestId, startedAtMs, arrivedAtMs: road.clock.monotonicMs(), trace }
}
