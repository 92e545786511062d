import type { Histogram } from '@opentelemetry/api'
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import { MeterProvider, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { CallMeasures } from '#core/telemetry/signals.ts'
import type { OtlpPost } from './sender.ts'
import type { Scope } from './spans.ts'

/** As the conventions advise: https://github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md. */
const secondsBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const tokensBounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]

/** The metrics of generative AI, added up since the process started (cumulative). */
export class OtlpMeter {
  readonly #reader = new ReaderOnDemand()
  readonly #tokens: Histogram
  readonly #duration: Histogram
  readonly #firstChunk: Histogram

  constructor(resource: Resource, scope: Scope) {
    const provider = new MeterProvider({ resource, readers: [this.#reader] })
    const meter = provider.getMeter(scope.name, scope.version)
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: secondsBounds } }
    this.#tokens = meter.createHistogram('gen_ai.client.token.usage', {
      description: 'Number of input and output tokens used.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: tokensBounds },
    })
    this.#duration = meter.createHistogram('gen_ai.client.operation.duration', {
      description: 'GenAI operation duration.',
      ...seconds,
    })
    this.#firstChunk = meter.createHistogram('gen_ai.client.operation.time_to_first_chunk', {
      description: 'Time to receive the first chunk.',
      ...seconds,
    })
  }

  record({ attributes, inputTokens, outputTokens, durationSeconds, firstChunkSeconds, errorType }: CallMeasures): void {
    if (inputTokens !== null) this.#tokens.record(inputTokens, { ...attributes, 'gen_ai.token.type': 'input' })
    if (outputTokens !== null) this.#tokens.record(outputTokens, { ...attributes, 'gen_ai.token.type': 'output' })
    if (firstChunkSeconds !== null) this.#firstChunk.record(firstChunkSeconds, attributes)
    if (durationSeconds === null) return
    const failed = errorType === '' ? attributes : { ...attributes, 'error.type': errorType }
    this.#duration.record(durationSeconds, failed)
  }

  /** The request that exports what was recorded so far; null where that is nothing. */
  async post(): Promise<(Pick<OtlpPost, 'body' | 'readAnswer'> & { readonly points: number }) | null> {
    const { resourceMetrics } = await this.#reader.collect()
    const points = pointsIn(resourceMetrics)
    const body = points === 0 ? undefined : ProtobufMetricsSerializer.serializeRequest(resourceMetrics)
    return body === undefined ? null : { body, points, readAnswer }
  }
}

function readAnswer(answer: Uint8Array): ReturnType<OtlpPost['readAnswer']> {
  const { partialSuccess } = ProtobufMetricsSerializer.deserializeResponse(answer)
  return { rejected: Number(partialSuccess?.rejectedDataPoints ?? 0), message: partialSuccess?.errorMessage ?? '' }
}

function pointsIn({ scopeMetrics }: ResourceMetrics): number {
  let points = 0
  for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) points += dataPoints.length
  return points
}

/** Collects when it is asked to: when to export is decided where the place in the journal is known. */
class ReaderOnDemand extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
}
