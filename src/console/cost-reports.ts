import { z } from 'zod'
import { costsReport } from '#reports/costs.ts'
import { parseGroups } from '#reports/fields.ts'
import { checkTimezone, parseRange } from '#reports/times.ts'
import { rangeParameters, wholeNumber } from './parameters.ts'
import { resource } from './route.ts'
import { costsReportSchema } from './schemas.ts'

export const costReports = resource({
  method: 'GET',
  path: '/api/v1/reports/costs',
  summary: 'What usage cost, by any fields, and in total',
  permission: 'admin',
  query: z.object({
    ...rangeParameters,
    group_by: z.string().default('').meta({
      description: 'Comma-separated: fields of the record, tag:<name>, hour, day, week (from Monday), month.',
    }),
    currency: z.enum(['USD']).default('USD'),
    limit: wholeNumber(1, 100_000, 10_000).meta({ description: 'Most rows; the total counts every group.' }),
    order: z.enum(['cost', 'group']).default('cost').meta({
      description: 'cost: by time, then the dearest first. group: in the order of the groups, page by page.',
    }),
    cursor: z.string().optional().meta({ description: '`next_cursor` of the page before, with order=group.' }),
  }),
  filters: 'prefixed',
  answer: costsReportSchema,
  handle({ store, clock }, { query, filters }) {
    const timezone = checkTimezone(query.timezone)
    const range = parseRange(query, { timezone, nowMs: clock.wallMs() })
    return costsReport(store, {
      range,
      groups: parseGroups(query.group_by),
      filters,
      timezone,
      maxRows: query.limit,
      order: query.order,
      cursor: query.cursor ?? null,
    })
  },
})
