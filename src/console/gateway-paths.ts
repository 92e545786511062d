import { z } from 'zod'

/** What the gateway answers itself at the same address, whether calls are taken. `/metrics` is below. */
export const gatewayAnswers = {
  '/health': {
    summary: 'Whether the gateway lives',
    200: z.object({ status: z.literal('healthy'), version: z.string(), uptime_seconds: z.int() }),
  },
  '/ready': {
    summary: 'Whether calls are taken. How the records come along: /api/v1/ingest',
    200: z.object({ status: z.literal('ready'), calls_in_flight: z.int() }),
    503: z.object({ status: z.literal('not_ready'), reason: z.string() }),
  },
} as const

/** The forms of `/metrics`, by what is asked for in `Accept`. */
const metricsTypes = ['text/plain', 'application/openmetrics-text'] as const

/** As the API's description has them. */
export function gatewayPaths(failure: object): Readonly<Record<string, object>> {
  const probes = Object.entries(gatewayAnswers).map(([path, { summary, ...answers }]) => [
    path,
    { get: { summary, responses: Object.fromEntries(Object.entries(answers).map(describedAnswer)) } },
  ])
  return { ...Object.fromEntries(probes), '/metrics': { get: metrics(failure) } }
}

function metrics(failure: object): object {
  const text = { schema: { type: 'string' } }
  const content = Object.fromEntries(metricsTypes.map((type) => [type, text]))
  return {
    summary: 'What the gateway and the console do, for Prometheus. On a loopback address without a token',
    description: 'The token is one of role scraper, or an admin token. Without any where metrics.public is set.',
    security: [{}, { token: [] }],
    parameters: [],
    responses: { 200: { description: 'All metrics', content }, default: failure },
  }
}

function describedAnswer([status, schema]: [string, z.ZodType]): [string, object] {
  const { $schema: _, ...described } = z.toJSONSchema(schema)
  const description = status === '200' ? 'It is' : 'It is not'
  return [status, { description, content: { 'application/json': { schema: described } } }]
}
