import { z } from 'zod'
import { says } from './faults.ts'
import * as is from './scalars.ts'
import { each, list, shape } from './shapes.ts'

/** Labels whose values come from callers, so that their number has an end. */
export const cappedLabelNames = ['provider', 'model', 'department', 'project'] as const

const mostLabelValues = 10_000
const limit = is.wholeNumber(1, mostLabelValues)

const limits = shape({
  default: limit.optional(),
  ...each(cappedLabelNames, limit.optional()),
})

/** One number for all labels, or a mapping of label to number. Faults of a single number stand at the setting itself. */
const labelValues = z.unknown().transform((input, context): z.output<typeof limits> => {
  const single = typeof input === 'string'
  const read = single ? limit.safeParse(input) : limits.safeParse(input)
  if (read.success) return typeof read.data === 'number' ? { default: read.data } : read.data
  for (const issue of read.error.issues) {
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    for (const path of places)
      context.issues.push({ code: 'custom', message: issue.message, path: [...path], input: undefined })
  }
  return z.NEVER
})

/** How Prometheus sees this gateway. */
export const metrics = shape({
  public: is.trueOrFalse().optional(),
  listen: is.listenAddress().optional(),
  prefixes: list(is.metricPrefix(), 'prefixes such as tollgate_', 1)
    .refine((all) => new Set(all).size === all.length, says('names a prefix twice', 'each prefix once'))
    .optional(),
  label_values: labelValues.optional(),
})

export type MetricsEntry = z.output<typeof metrics>
