import { untimedMarks } from '#core/ledger/entry.ts'
import type { GroupKey, SumsQuestion, TimeBucket, TimeRange } from '#core/ledger/questions.ts'
import { type RecordFieldName, recordFields } from '#core/ledger/record-fields.ts'
import { type Bindings, filterCondition, hoursWithin, recordsWithin } from './conditions.ts'
import { type ShownTime, shownTime } from './zone-clock.ts'

/**
 * What is added up: records; the roll-ups, and so whole hours; or the roll-ups for those whole hours of the range that
 * are named, and records for the rest.
 */
export type SumsSource = 'records' | 'hourly' | { readonly hours: TimeRange }

/** Whether the roll-ups know everything that is asked. */
export function hoursCanTell({ groupBy, filters }: SumsQuestion): boolean {
  const kept = (field: RecordFieldName) => recordFields[field].rollup
  return (
    groupBy.every((key) => 'bucket' in key || ('field' in key && kept(key.field))) &&
    filters.every(({ on }) => 'field' in on && kept(on.field))
  )
}

type Table = 'usage' | 'usage_hourly'

interface Measure {
  readonly name: string
  /** How records alone come to it. */
  readonly alone: string
  /** What each table has of it, and the function that makes one of such parts. */
  readonly parts: Readonly<Record<Table, string>>
  readonly merge: string
}

/** Some records are of no call that took its time here. The roll-ups leave them out as well, when they are made. */
const hasLatency = `NOT hasAny(marks, [${untimedMarks.map((mark) => `'${mark}'`).join(', ')}])`

const measures: readonly Measure[] = [
  added('requests', 'count()', 'sum(requests)'),
  added('errors', 'countIf(error)', 'sum(errors)'),
  added('unpriced', 'countIf(unpriced)', 'sum(unpriced_requests)'),
  added('input_tokens'),
  added('cached_input_tokens'),
  added('cache_write_tokens'),
  added('output_tokens'),
  added('reasoning_tokens'),
  added('total_tokens'),
  added('cost_usd'),
  {
    name: 'mean',
    alone: `avgIf(latency_ms, ${hasLatency})`,
    parts: { usage: `avgStateIf(latency_ms, ${hasLatency})`, usage_hourly: 'avgMergeState(latency_mean)' },
    merge: 'avgMerge',
  },
]

const quantiles: Measure = {
  name: 'quantiles',
  alone: `quantilesTDigestIf(0.5, 0.95, 0.99)(latency_ms, ${hasLatency})`,
  parts: {
    usage: `quantilesTDigestStateIf(0.5, 0.95, 0.99)(latency_ms, ${hasLatency})`,
    usage_hourly: 'quantilesTDigestMergeState(0.5, 0.95, 0.99)(latency_quantiles)',
  },
  merge: 'quantilesTDigestMerge(0.5, 0.95, 0.99)',
}

function measured({ percentiles }: SumsQuestion): readonly Measure[] {
  return percentiles ? [...measures, quantiles] : measures
}

function added(name: string, usage = `sum(${name})`, hourly = usage): Measure {
  return { name, alone: usage, parts: { usage, usage_hourly: hourly }, merge: 'sum' }
}

/** One row for each group, and one for the total of all of them. */
export function sumsStatement(question: SumsQuestion, source: SumsSource, bindings: Bindings): string {
  const { groupBy, maxRows, afterGroup } = question
  const names = groupNames(question)
  const { select, from } = source === 'records' ? alone(question, bindings) : merged(question, source, bindings)
  const [firstName] = names
  const byCost = [
    ...names.filter((_, index) => 'bucket' in (groupBy[index] ?? {})),
    's_cost_usd DESC',
    's_requests DESC',
    ...names,
  ]
  return `
    SELECT
      [${names.map((name) => `toString(${name})`).join(', ')}]::Array(String) AS groups,
      ${firstName === undefined ? 'toUInt8(1)' : `toUInt8(grouping(${firstName}))`} AS is_total,
      ${select.join(', ')}
    FROM ${from}
    ${firstName === undefined ? '' : `GROUP BY GROUPING SETS ((${names.join(', ')}), ())`}
    ${afterGroup === undefined ? '' : `HAVING is_total OR groups > ${textArray(afterGroup, bindings)}`}
    ORDER BY ${['is_total DESC', ...(afterGroup === undefined ? byCost : ['groups'])].join(', ')}
    LIMIT ${maxRows + 2}`
}

function textArray(texts: readonly string[], bindings: Bindings): string {
  return `[${texts.map((text) => bindings.text(text)).join(', ')}]::Array(String)`
}

interface Reading {
  readonly select: readonly string[]
  readonly from: string
}

function alone(question: SumsQuestion, bindings: Bindings): Reading {
  return {
    select: [
      ...groupExpressions(question, 'usage', bindings),
      ...measured(question).map((measure) => `${measure.alone} AS s_${measure.name}`),
    ],
    from: `tollgate.usage WHERE ${conditions(question, recordsWithin(question.range, bindings), bindings)}`,
  }
}

/** Each table adds up its part by group first, so that the states of few groups are merged. */
function merged(question: SumsQuestion, source: Exclude<SumsSource, 'records'>, bindings: Bindings): Reading {
  const { range } = question
  const names = groupNames(question)
  const part = (table: Table, within: string) => `
      SELECT ${[
        ...groupExpressions(question, table, bindings),
        ...measured(question).map(({ name, parts }) => `${parts[table]} AS p_${name}`),
      ].join(', ')}
      FROM tollgate.${table}
      WHERE ${conditions(question, within, bindings)}
      ${names.length === 0 ? '' : `GROUP BY ${names.join(', ')}`}`
  const parts = [part('usage_hourly', hoursWithin(source === 'hourly' ? range : source.hours, bindings))]
  const rest = source === 'hourly' ? [] : around(source.hours, range)
  if (rest.length > 0) {
    parts.push(part('usage', `(${rest.map((within) => recordsWithin(within, bindings)).join(' OR ')})`))
  }
  return {
    select: measured(question).map(({ name, merge }) => `${merge}(p_${name}) AS s_${name}`),
    from: `(${parts.join(' UNION ALL ')})`,
  }
}

/** What is left of a range without its whole hours: at most something before them and something after them. */
function around(hours: TimeRange, { fromMs, toMs }: TimeRange): TimeRange[] {
  const rest = [
    { fromMs, toMs: hours.fromMs },
    { fromMs: hours.toMs, toMs },
  ]
  return rest.filter((range) => range.fromMs < range.toMs)
}

function conditions({ filters }: SumsQuestion, within: string, bindings: Bindings): string {
  return [within, ...filters.map((filter) => filterCondition(filter, bindings))].join(' AND ')
}

function groupNames({ groupBy }: SumsQuestion): string[] {
  return groupBy.map((_, index) => `g${index}`)
}

function groupExpressions({ groupBy, timezone, range }: SumsQuestion, table: Table, bindings: Bindings): string[] {
  const time = table === 'usage' ? 'timestamp' : 'hour'
  const clock = shownTime(timezone, range, bindings)
  return groupBy.map((key, index) => `${groupExpression(key, { time, clock, bindings })} AS g${index}`)
}

/** Buckets come as numbers that sort: the Unix time of an hour, the date of a day, of a Monday, of a first of a month. */
function groupExpression(
  key: GroupKey,
  { time, clock, bindings }: { time: string; clock: ShownTime; bindings: Bindings },
): string {
  if ('tag' in key) return `tags[${bindings.text(key.tag)}]`
  if ('bucket' in key) return bucketExpression(key.bucket, time, clock)
  return recordFields[key.field].kind === 'text' ? key.field : `toString(${key.field})`
}

function bucketExpression(bucket: TimeBucket, time: string, clock: ShownTime): string {
  switch (bucket) {
    case 'hour':
      return clock.hour(time)
    case 'day':
      return `toDate(${clock.local(time)})`
    case 'week':
      return `toMonday(${clock.local(time)})`
    case 'month':
      return `toStartOfMonth(${clock.local(time)})`
  }
}
