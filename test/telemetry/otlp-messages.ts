import protobuf from 'protobufjs'

/*
 * The messages of OTLP that are looked at here, by their definition and not by the library that writes them:
 * https://github.com/open-telemetry/opentelemetry-proto, release 1.
 */
const definition = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ExportTraceServiceResponse { TracePartialSuccess partial_success = 1; }
message TracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16;
  string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated Event events = 11;
  uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
}
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ExportMetricsServiceResponse { MetricsPartialSuccess partial_success = 1; }
message MetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Histogram histogram = 9; } }
message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
message HistogramDataPoint {
  repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; uint32 flags = 10;
  optional double min = 11; optional double max = 12;
}
`
const { root } = protobuf.parse(definition)

export type AttributeMap = Readonly<Record<string, string | number | boolean>>

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly flags: number
  readonly startNano: bigint
  readonly endNano: bigint
  readonly attributes: AttributeMap
  readonly events: readonly { readonly name: string; readonly timeNano: bigint; readonly attributes: AttributeMap }[]
  readonly status: { readonly code: number; readonly message: string }
  readonly resource: AttributeMap
}

export interface ReceivedPoint {
  readonly metric: string
  readonly unit: string
  readonly attributes: AttributeMap
  readonly count: number
  readonly sum: number
  readonly bounds: readonly number[]
  readonly bucketCounts: readonly number[]
  /** 2 = cumulative. */
  readonly temporality: number
  readonly startNano: bigint
  readonly resource: AttributeMap
}

interface Any {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  readonly doubleValue?: number
}
interface Pair {
  readonly key: string
  readonly value: Any
}

interface RawResource {
  readonly attributes: readonly Pair[]
}

interface RawTraces {
  readonly resourceSpans: readonly {
    readonly resource: RawResource
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[]
  }[]
}

interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly flags: number
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Pair[]
  readonly events: readonly {
    readonly name: string
    readonly timeUnixNano: string
    readonly attributes: readonly Pair[]
  }[]
  readonly status: { readonly code: number; readonly message: string } | null
}

interface RawMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: RawResource
    readonly scopeMetrics: readonly { readonly metrics: readonly RawMetric[] }[]
  }[]
}

interface RawMetric {
  readonly name: string
  readonly unit: string
  readonly histogram: { readonly aggregationTemporality: number; readonly dataPoints: readonly RawPoint[] }
}

interface RawPoint {
  readonly attributes: readonly Pair[]
  readonly startTimeUnixNano: string
  readonly count: string
  readonly sum: number
  readonly bucketCounts: readonly string[]
  readonly explicitBounds: readonly number[]
}

function decode<T>(message: string, bytes: Uint8Array): T {
  const type = root.lookupType(message)
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, defaults: true }) as T
}

function attributeMap(pairs: readonly Pair[]): AttributeMap {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  )
}

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex')

/** Spans of a request. @throws where it is none. */
export function decodeSpans(bytes: Uint8Array): ReceivedSpan[] {
  const { resourceSpans } = decode<RawTraces>('ExportTraceServiceRequest', bytes)
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => receivedSpan(span, attributeMap(resource.attributes)))),
  )
}

function receivedSpan(span: RawSpan, resource: AttributeMap): ReceivedSpan {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    flags: span.flags,
    startNano: BigInt(span.startTimeUnixNano),
    endNano: BigInt(span.endTimeUnixNano),
    attributes: attributeMap(span.attributes),
    events: span.events.map(({ name, timeUnixNano, attributes }) => ({
      name,
      timeNano: BigInt(timeUnixNano),
      attributes: attributeMap(attributes),
    })),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
    resource,
  }
}

/** Histogram points of a request. @throws where it is none. */
export function decodePoints(bytes: Uint8Array): ReceivedPoint[] {
  const { resourceMetrics } = decode<RawMetrics>('ExportMetricsServiceRequest', bytes)
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, unit, histogram }) =>
        histogram.dataPoints.map((point) => ({
          metric: name,
          unit,
          attributes: attributeMap(point.attributes),
          count: Number(point.count),
          sum: point.sum,
          bounds: point.explicitBounds,
          bucketCounts: point.bucketCounts.map(Number),
          temporality: histogram.aggregationTemporality,
          startNano: BigInt(point.startTimeUnixNano),
          resource: attributeMap(resource.attributes),
        })),
      ),
    ),
  )
}

/** The answer of a collector that turned some of it down. */
export function partialSuccess(signal: 'traces' | 'metrics', rejected: number, errorMessage: string): Uint8Array {
  const type = root.lookupType(signal === 'traces' ? 'ExportTraceServiceResponse' : 'ExportMetricsServiceResponse')
  const count = signal === 'traces' ? { rejectedSpans: rejected } : { rejectedDataPoints: rejected }
  return type.encode(type.create({ partialSuccess: { ...count, errorMessage } })).finish()
}
