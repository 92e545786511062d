import type { z } from 'zod'
import * as is from './scalars.ts'
import { mappingOf, shape } from './shapes.ts'

const hour = 60 * 60 * 1000

export const otlpHeaders = mappingOf(is.headerName(), is.headerValue(), 'a mapping of header to value')
export const otlpEndpoint = is.otlpEndpoint()
export const serviceName = is.word('the name of the service')
export const resourceAttributes = mappingOf(
  is.word('the name of an attribute'),
  is.word('text of at most 1024 characters', 1024),
  'a mapping of attribute to text',
)

/** What is exported to an OpenTelemetry collector. That the section is there switches it on. */
export const telemetry = shape({
  otlp: shape({
    endpoint: otlpEndpoint.optional(),
    headers: otlpHeaders.optional(),
    timeout_ms: is.wholeNumber(100, 10 * 60 * 1000).optional(),
    protocol: is.oneOf(['http/protobuf'] as const).optional(),
  }).optional(),
  traces: shape({
    sample_ratio: is.decimal('a number from 0 to 1, such as 0.01', { most: 1 }).transform(Number).optional(),
  }).optional(),
  metrics: shape({ interval_ms: is.wholeNumber(100, hour).optional() }).optional(),
  resource: resourceAttributes.optional(),
})

export type TelemetryEntry = z.output<typeof telemetry>
