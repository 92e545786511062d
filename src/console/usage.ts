import { z } from 'zod'
import { checkTimezone, parseRange } from '#reports/times.ts'
import { usagePage } from '#reports/usage-page.ts'
import { rangeParameters, wholeNumber } from './parameters.ts'
import { resource } from './route.ts'
import { usagePageSchema } from './schemas.ts'

export const usage = resource({
  method: 'GET',
  path: '/api/v1/usage',
  summary: 'Single calls',
  permission: 'admin',
  query: z.object({
    ...rangeParameters,
    limit: wholeNumber(1, 1000, 100),
    cursor: z.string().optional().meta({ description: '`next_cursor` of the page before.' }),
    order: z.enum(['newest', 'oldest']).default('newest'),
  }),
  filters: 'both',
  body: null,
  answer: usagePageSchema,
  handle({ store, clock }, { query, filters }) {
    const timezone = checkTimezone(query.timezone)
    const everything = query.from === undefined && query.range === undefined
    const words = everything ? { ...query, from: '1970-01' } : query
    return usagePage(store, {
      range: parseRange(words, { timezone, nowMs: clock.wallMs() }),
      filters,
      limit: query.limit,
      cursor: query.cursor ?? null,
      order: query.order,
    })
  },
})
