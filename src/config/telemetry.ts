import type { ZodType } from 'zod'
import type { TelemetryConfig } from './config.ts'
import * as defaults from './defaults.ts'
import type { Environment } from './environment.ts'
import type { SectionReader } from './sections.ts'
import { otlpEndpoint, otlpHeaders, resourceAttributes, serviceName, type TelemetryEntry } from './telemetry-schema.ts'

/** What the variables that OpenTelemetry has for every program say; null or empty = nothing. */
export interface TelemetryEnvironment {
  readonly endpoint: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Readonly<Record<string, string>>
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and …/configuration/sdk-environment-variables/. */
export function readTelemetryEnvironment(env: Environment, reader: SectionReader): TelemetryEnvironment {
  const read = <T>(name: string, value: unknown, schema: ZodType<T>): T | null =>
    value === null ? null : (reader.read([`environment ${name}`], value, schema) ?? null)
  const pairs = (name: string, schema: typeof otlpHeaders): Readonly<Record<string, string>> => {
    const found = pairsOf(env[name] ?? '')
    if (found !== null) return read(name, found, schema) ?? {}
    reader.report([`environment ${name}`], 'is not a list of pairs', 'name=value pairs with commas between them')
    return {}
  }
  const name = read('OTEL_SERVICE_NAME', env['OTEL_SERVICE_NAME'] || null, serviceName)
  return {
    endpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT', env['OTEL_EXPORTER_OTLP_ENDPOINT'] || null, otlpEndpoint),
    headers: pairs('OTEL_EXPORTER_OTLP_HEADERS', otlpHeaders),
    resource: {
      ...pairs('OTEL_RESOURCE_ATTRIBUTES', resourceAttributes),
      ...(name === null ? {} : { 'service.name': name }),
    },
  }
}

/** Pairs as W3C Baggage writes them, without properties: values are percent-encoded. Null where they are none. */
function pairsOf(text: string): Record<string, string> | null {
  const found: Record<string, string> = {}
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) return null
    const value = decoded(pair.slice(equals + 1).trim())
    if (value === null) return null
    found[pair.slice(0, equals).trim()] = value
  }
  return found
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Null where neither the file nor the environment asks for it. What the file says wins, setting by setting. */
export function buildTelemetry(
  entry: TelemetryEntry | undefined,
  around: TelemetryEnvironment,
): TelemetryConfig | null {
  if (entry === undefined && around.endpoint === null) return null
  const { otlp = {}, traces = {}, metrics = {}, resource = {} } = entry ?? {}
  return {
    endpoint: otlp.endpoint ?? around.endpoint ?? defaults.defaultOtlpEndpoint,
    headers: otlp.headers ?? around.headers,
    timeoutMs: otlp.timeout_ms ?? defaults.defaultOtlpTimeoutMs,
    sampleRatio: traces.sample_ratio ?? defaults.defaultSampleRatio,
    metricsIntervalMs: metrics.interval_ms ?? defaults.defaultMetricsIntervalMs,
    resource: { ...around.resource, ...resource },
  }
}
