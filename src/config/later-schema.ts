import { z } from 'zod'
import { says } from './faults.ts'
import * as is from './scalars.ts'
import { list, shape } from './shapes.ts'

/*
 * Settings of the contract that this version reads and checks but does not act on yet. Loose on purpose where their
 * detail belongs to the work that will enforce them; load.ts warns of each that is present.
 */

const anything = z.unknown()
const mapping = z.record(z.string(), anything, { error: () => says('is not a mapping', 'a mapping') })

const budget = shape({
  name: is.name(),
  scope: mapping,
  timezone: is.word('a time zone such as Europe/Berlin').optional(),
  limits: list(
    shape({
      window: is.oneOf(['hour', 'day', 'week', 'month'] as const),
      usd: is.decimal('an amount such as "300.00"', { above: true }),
    }),
    'limits: {window, usd}',
    1,
  ),
  thresholds: list(is.wholeNumber(1, 1_000), 'percentages').optional(),
  on_exceeded: is.oneOf(['block', 'notify'] as const).optional(),
})

const alerts = shape({
  receivers: list(
    z.looseObject({ name: is.name() }, { error: () => says('is not a mapping', 'a receiver') }),
    'receivers',
  ).optional(),
  routes: list(
    shape({ match: mapping.optional(), receivers: list(is.name(), 'names of receivers') }),
    'routes',
  ).optional(),
  live: anything.optional(),
})

const incoming = shape({
  source: is.name(),
  secret: is.word('the shared secret of the signature', 4096).optional(),
  attribution: mapping.optional(),
})

export const later = {
  budgets: list(budget, 'budgets').optional(),
  alerts: alerts.optional(),
  incoming: list(incoming, 'sources').optional(),
  metrics: mapping.optional(),
}
