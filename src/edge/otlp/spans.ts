import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { CallSpan } from '#core/telemetry/signals.ts'
import type { OtlpPost } from './sender.ts'

export interface Scope {
  readonly name: string
  readonly version: string
}

/** The request that exports spans. */
export function spansPost(
  spans: readonly CallSpan[],
  resource: Resource,
  scope: Scope,
): Pick<OtlpPost, 'body' | 'readAnswer'> {
  const body = ProtobufTraceSerializer.serializeRequest(spans.map((span) => readableSpan(span, resource, scope)))
  if (body === undefined) throw new Error('there is nothing to send')
  return { body, readAnswer }
}

function readAnswer(answer: Uint8Array): ReturnType<OtlpPost['readAnswer']> {
  const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(answer)
  return { rejected: Number(partialSuccess?.rejectedSpans ?? 0), message: partialSuccess?.errorMessage ?? '' }
}

function readableSpan(span: CallSpan, resource: Resource, instrumentationScope: Scope): ReadableSpan {
  const { traceId, spanId, parentSpanId } = span.link
  const traceFlags = TraceFlags.SAMPLED
  const startTime = hrTime(span.startedAtMs)
  const endTime = hrTime(Math.max(span.startedAtMs, span.endedAtMs))
  return {
    name: span.name,
    kind: SpanKind.CLIENT,
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parentSpanId === ''
      ? {}
      : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags, isRemote: true } }),
    startTime,
    endTime,
    duration: hrTime(Math.max(0, span.endedAtMs - span.startedAtMs)),
    ended: true,
    status:
      span.errorType === '' ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: span.errorType },
    attributes: span.attributes,
    links: [],
    events: span.events.map(({ name, atMs, attributes }) => ({ name, time: hrTime(atMs), attributes })),
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

/** Seconds and nanoseconds, of whole microseconds: finer the ledger is not. */
function hrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1000)
  const seconds = Math.floor(micros / 1_000_000)
  return [seconds, (micros - seconds * 1_000_000) * 1000]
}
