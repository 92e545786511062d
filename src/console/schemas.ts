import { z } from 'zod'
import { type FieldKind, recordFieldNames, recordFields } from '#core/ledger/record-fields.ts'

const amount = z.string().meta({ description: 'Exact decimal text, in USD.', examples: ['12.345678901234'] })
const count = z.int().min(0)
export const time = z.iso.datetime({ offset: true })
const incompleteBefore = time.nullable().meta({
  description: 'Single records before this time, which is in the range, are gone, and the question needs them.',
})

const kinds: Readonly<Record<FieldKind, z.ZodType>> = {
  text: z.string(),
  count,
  number: z.number(),
  money: amount,
  flag: z.boolean(),
}

const nullable: ReadonlySet<string> = new Set(['provider_stated_cost_usd', 'time_to_first_token_ms'])

const usageRecord = z
  .object({
    id: z.string(),
    timestamp: time.meta({ description: 'When the call began.' }),
    ended_at: time,
    ...Object.fromEntries(
      recordFieldNames.map((name) => {
        const schema = kinds[recordFields[name].kind]
        return [name, nullable.has(name) ? schema.nullable() : schema]
      }),
    ),
    tags: z.record(z.string(), z.string()),
    units: z.record(z.string(), z.number()),
    marks: z.array(z.string()),
    attempts: z.array(
      z.object({ started_after_ms: z.number(), duration_ms: z.number(), status: count, error_code: z.string() }),
    ),
  })
  .meta({ description: 'One call.' })

const sums = {
  requests: count,
  errors: count,
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_tokens: count,
  output_tokens: count,
  reasoning_tokens: count,
  total_tokens: count,
  cost_usd: amount,
  unpriced_requests: count.meta({ description: 'Calls with no known price: their cost is not in cost_usd.' }),
  latency_ms: z
    .object({ mean: z.number(), p50: z.number(), p95: z.number(), p99: z.number() })
    .nullable()
    .meta({ description: 'Percentiles are t-digest estimates. Null without requests.' }),
}

export const costsReportSchema = z.object({
  from: time,
  to: time,
  timezone: z.string(),
  currency: z.literal('USD'),
  group_by: z.array(z.string()),
  rows: z.array(z.looseObject(sums)).meta({ description: 'With a member for each group beside the sums.' }),
  total: z.object(sums),
  truncated: z.boolean().meta({ description: 'True: there are more groups; the total counts them all.' }),
  next_cursor: z.string().nullable().meta({ description: 'With order=group: for the page after this one.' }),
  basis: z
    .enum(['records', 'hourly'])
    .meta({ description: 'hourly: single records that old are gone, so whole hours were added up.' }),
  incomplete_before: incompleteBefore,
})

export const usagePageSchema = z.object({
  data: z.array(usageRecord),
  next_cursor: z.string().nullable(),
  incomplete_before: incompleteBefore,
})

export const dashboardCostsSchema = z.object({
  daily: z.array(z.object({ date: z.iso.date(), total: z.number(), tokens: count, latency_ms: z.number().nullable() })),
  top_users: z.array(z.object({ cost_center: z.string(), cost: z.number() })),
  by_model: z.array(
    z.object({
      model: z.string(),
      input_tokens: count,
      output_tokens: count,
      cost: z.number(),
      share: z.number().min(0).max(1),
    }),
  ),
})

export const logAnswerSchema = z.object({
  logs: z.array(
    z.looseObject({
      id: z.string(),
      timestamp: time,
      model: z.string(),
      usage: z.object({ input_tokens: count, output_tokens: count }).optional(),
      cost: z.object({ total_usd: z.number() }).optional(),
    }),
  ),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
  incomplete_before: incompleteBefore,
})
