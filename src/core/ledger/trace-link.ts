import type { TraceLink } from './entry.ts'

const form = /^([0-9a-f]{32})-([0-9a-f]{16})(?:-([0-9a-f]{16}))?$/

/** As it stands in a line: trace, span and, where there is one, the parent span, with dashes between. */
export function traceLinkText({ traceId, spanId, parentSpanId }: TraceLink): string {
  return parentSpanId === '' ? `${traceId}-${spanId}` : `${traceId}-${spanId}-${parentSpanId}`
}

/** Null where the text is none that `traceLinkText` made. */
export function readTraceLink(text: string): TraceLink | null {
  const [, traceId, spanId, parentSpanId = ''] = form.exec(text) ?? []
  return traceId === undefined || spanId === undefined ? null : { traceId, spanId, parentSpanId }
}
