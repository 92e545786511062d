import { z } from 'zod'

/** What the gateway answers itself at the same address, without a token: whether calls are taken. */
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

/** As the API's description has them. */
export const gatewayPaths: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(gatewayAnswers).map(([path, { summary, ...answers }]) => [
    path,
    { get: { summary, responses: Object.fromEntries(Object.entries(answers).map(describedAnswer)) } },
  ]),
)

function describedAnswer([status, schema]: [string, z.ZodType]): [string, object] {
  const { $schema: _, ...described } = z.toJSONSchema(schema)
  const description = status === '200' ? 'It is' : 'It is not'
  return [status, { description, content: { 'application/json': { schema: described } } }]
}
