import { z } from 'zod'
import { ParameterFault } from '#reports/fault.ts'
import { queryLogs } from '#reports/log-query.ts'
import { parseTime } from '#reports/times.ts'
import { rangeParameters } from './parameters.ts'
import { resource, visibleTo } from './route.ts'
import { logAnswerSchema } from './schemas.ts'

const dayMs = 86_400_000

export const logQueries = resource({
  method: 'POST',
  path: '/v1/logs/query',
  summary: 'Single calls between two times, newest first, with amounts as JSON numbers',
  permission: 'key',
  query: z.object({ fresh: rangeParameters.fresh }),
  body: z.strictObject({
    start_time: z.string().nullish().meta({ description: 'ISO 8601; without a zone in UTC. Default: a day ago.' }),
    end_time: z.string().nullish().meta({ description: 'ISO 8601; without a zone in UTC. Default: now.' }),
    include_tokens: z.boolean().default(true),
    include_cost: z.boolean().default(true),
    limit: z.int().min(1).max(10_000).default(10_000),
    cursor: z.string().nullish(),
  }),
  answer: logAnswerSchema,
  handle({ store, clock }, { body, asker }) {
    // A client that leaves a time open may say null.
    const { start_time: start = null, end_time: end = null } = body
    const toMs = end === null ? clock.wallMs() + 1 : parseTime('end_time', end, 'UTC')
    const fromMs = start === null ? toMs - dayMs : parseTime('start_time', start, 'UTC')
    if (fromMs > toMs) throw new ParameterFault('start_time', start ?? '', 'a time before end_time')
    return queryLogs(store, {
      range: { fromMs, toMs },
      filters: visibleTo(asker),
      includeTokens: body.include_tokens,
      includeCost: body.include_cost,
      limit: body.limit,
      cursor: body.cursor ?? null,
    })
  },
})
