import { z } from 'zod'
import { payerFields } from '#core/attribution/payer.ts'
import { budgetWindows, unboundedRules } from '#core/budget/budget.ts'
import { says } from './faults.ts'
import * as is from './scalars.ts'
import { each, list, mappingOf, oneOrMore, shape } from './shapes.ts'

/** Above this a limit is a slip of the keyboard. USD. */
const mostUsd = 10 ** 12
const mostCount = 10 ** 15 - 1

const texts = oneOrMore(is.word('text of at most 256 characters'), 'texts').optional()
const scope = shape({
  ...each(payerFields, texts),
  /** The short name of `user_id`. */
  user: texts,
  key: oneOrMore(is.word('the name of a key, or the id of a stored one'), 'keys').optional(),
  model: oneOrMore(is.glob(), 'model patterns').optional(),
  provider: oneOrMore(is.name(), 'names of providers').optional(),
  tags: mappingOf(
    is.tagName(),
    oneOrMore(is.word('text of at most 256 characters'), 'texts'),
    'a mapping of tag to one value or a list; no quotation mark or backslash in a tag',
  ).optional(),
})

/** Exactly one of the quantities; which of them need a window is checked afterwards. */
const limit = shape({
  window: is.oneOf(budgetWindows).optional(),
  usd: is.decimal('an amount such as "300.00"', { above: true, most: mostUsd, places: 12 }).optional(),
  requests: is.wholeNumber(1, mostCount).optional(),
  tokens: is.wholeNumber(1, mostCount).optional(),
  concurrent: is.wholeNumber(1, 1_000_000).optional(),
})

const reroute = shape({ reroute: is.modelName() })
const words = ['block', 'notify'] as const

/** `block`, `notify`, `{reroute: MODEL}`, or the same as one text. */
const onExceeded = z.union(
  [
    is.oneOf(words).transform((kind) => ({ kind })),
    reroute.transform(({ reroute: model }) => ({ kind: 'reroute' as const, model })),
    is
      .word('reroute: MODEL')
      .transform((text) => ({ reroute: /^reroute:\s*(.*)$/.exec(text)?.[1] ?? '' }))
      .pipe(reroute)
      .transform(({ reroute: model }) => ({ kind: 'reroute' as const, model })),
  ],
  { error: () => says('is not valid', 'block, notify or {reroute: MODEL}') },
)

export const budget = shape({
  name: is.name(),
  scope: scope.optional(),
  timezone: is.timeZone().optional(),
  month_start_day: is.wholeNumber(1, 28).optional(),
  limits: list(limit, 'limits such as {window: month, usd: "300"}', 1),
  thresholds: list(is.wholeNumber(1, 1_000), 'percentages').optional(),
  on_exceeded: onExceeded.optional(),
  near_limit: is.oneOf(['shrink', 'refuse'] as const).optional(),
  unbounded: is.oneOf(unboundedRules).optional(),
})

export type BudgetEntry = z.output<typeof budget>
export type BudgetLimitEntry = z.output<typeof limit>
export type BudgetScopeEntry = z.output<typeof scope>
