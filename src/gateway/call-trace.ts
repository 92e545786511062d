import type { LedgerEntry, TraceLink } from '#core/ledger/entry.ts'
import { isSampled, readTraceparent, sampledFlag, traceparentText } from '#lib/trace-context.ts'
import type { ClientExchange, Ids, RawHeaders } from '#ports.ts'

/** How calls are traced, where they are. */
export interface Tracing {
  /** The share of the traces that begin here which are sampled, from 0 to 1. */
  readonly sampleRatio: number
}

/** The span that stands for a call, whether or not anybody will see it. */
export interface CallTrace {
  /** Null where the trace is not sampled. */
  readonly link: TraceLink | null
  /** What the upstream is told in place of what the caller said. */
  readonly headers: RawHeaders
}

/** Headers of a caller that do not go upstream as they are where calls are traced. */
export const traceHeaders = ['traceparent', 'tracestate'] as const

/**
 * Continues the caller's trace, sampled where the caller sampled it, or begins a new one. What nobody can read counts
 * as none, and the state beside it with it: https://www.w3.org/TR/trace-context/#a-traceparent-is-received.
 */
export function beginTrace({ sampleRatio }: Tracing, ids: Ids, headers: ClientExchange['headers']): CallTrace {
  const { traceparent, tracestate } = headers
  const parent = typeof traceparent === 'string' ? readTraceparent(traceparent) : null
  const spanId = ids.spanId()
  if (parent === null) {
    const traceId = ids.traceId()
    const flags = isSampled(traceId, sampleRatio) ? sampledFlag : 0
    return {
      link: flags === 0 ? null : { traceId, spanId, parentSpanId: '' },
      headers: ['traceparent', traceparentText({ traceId, spanId, flags })],
    }
  }
  const { traceId, spanId: parentSpanId, flags } = parent
  const told = ['traceparent', traceparentText({ traceId, spanId, flags })]
  if (typeof tracestate === 'string' && tracestate !== '') told.push('tracestate', tracestate)
  return { link: (flags & sampledFlag) === 0 ? null : { traceId, spanId, parentSpanId }, headers: told }
}

/** The entry with the call's place in its trace, which only sampled calls have. */
export function traced<Entry extends LedgerEntry>(entry: Entry, trace: CallTrace | null): Entry {
  return trace === null || trace.link === null ? entry : { ...entry, trace: trace.link }
}
