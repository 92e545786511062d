import { z } from 'zod'
import { ParameterFault } from '#reports/fault.ts'
import { checkTimezone, parseRange } from '#reports/times.ts'
import { bookedPage, usagePage } from '#reports/usage-page.ts'
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
    order: z.enum(['newest', 'oldest', 'booked']).default('newest').meta({
      description:
        'booked: calls as they end, whenever they began. The first answer is empty; `next_cursor`, which is always there, leads to what was booked since. Without from, to and range.',
    }),
  }),
  filters: 'both',
  answer: usagePageSchema,
  handle({ store, clock }, { query, filters }) {
    if (query.order === 'booked') {
      const given = (['from', 'to', 'range'] as const).find((name) => query[name] !== undefined)
      if (given !== undefined) throw new ParameterFault(given, query[given] ?? '', 'nothing beside order=booked')
      return bookedPage(store, { filters, limit: query.limit, cursor: query.cursor ?? null })
    }
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
