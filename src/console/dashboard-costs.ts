import { z } from 'zod'
import { dashboardCosts } from '#reports/dashboard-costs.ts'
import { checkTimezone } from '#reports/times.ts'
import { rangeParameters } from './parameters.ts'
import { resource, visibleTo } from './route.ts'
import { dashboardCostsSchema } from './schemas.ts'

export const dashboardCostsCall = resource({
  method: 'GET',
  path: '/v1/dashboard/costs',
  summary: 'Costs of the last days by day, cost center and model, with amounts as JSON numbers',
  permission: 'key',
  query: z.object({
    range: z.enum(['7d', '30d', '90d']).default('30d'),
    timezone: rangeParameters.timezone,
    fresh: rangeParameters.fresh,
  }),
  answer: dashboardCostsSchema,
  handle({ store, clock }, { query, asker }) {
    return dashboardCosts(store, {
      days: Number.parseInt(query.range, 10),
      nowMs: clock.wallMs(),
      filters: visibleTo(asker),
      timezone: checkTimezone(query.timezone),
    })
  },
})
