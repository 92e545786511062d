import type { SumsQuestion, TimeRange } from '#core/ledger/questions.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings, hoursWithin, recordsWithin } from './conditions.ts'
import { cutsHours } from './zone-clock.ts'

const hourMs = 3_600_000

/** From so many records on two tables are read faster than one: a statement of both takes 20 ms longer to be planned. */
export const leastRecordsSaved = 200_000

/** A row of the roll-ups, which has a t-digest, is read in the time of so many records. */
const recordsPerRow = 3

/**
 * The hours of a range that are better had from the roll-ups, which must know all that is asked. Null where none are.
 *
 * The hour in which the range ends is one of them where no record lies behind that end in it: so it is with the hour
 * that has just begun when a range ends now, and it can hold a million of them.
 *
 * @throws StoreFault
 */
export async function worthwhileHours(
  database: UsageDatabase,
  question: SumsQuestion,
  leastSaved = leastRecordsSaved,
): Promise<TimeRange | null> {
  const { fromMs, toMs } = question.range
  const firstMs = Math.ceil(fromMs / hourMs) * hourMs
  const endMs = Math.ceil(toMs / hourMs) * hourMs
  if (endMs <= firstMs) return null
  const inBuckets = question.groupBy.some((key) => 'bucket' in key)
  if (inBuckets && cutsHours(question.timezone, { fromMs: firstMs, toMs: endMs })) return null
  const bindings = new Bindings()
  const behindEnd = recordsWithin({ fromMs: toMs, toMs: endMs }, bindings)
  const rows = await database.select<{ saved: string; is_end_whole: 0 | 1 }>(
    `SELECT
      toInt64(sum(requests)) - ${recordsPerRow} * toInt64(count()) AS saved,
      ${endMs === toMs ? '1' : `(SELECT count() = 0 FROM tollgate.usage WHERE ${behindEnd})`} AS is_end_whole
    FROM tollgate.usage_hourly
    WHERE ${hoursWithin({ fromMs: firstMs, toMs: endMs }, bindings)}`,
    bindings.parameters,
  )
  const [found] = rows
  if (found === undefined || Number(found.saved) <= leastSaved) return null
  const hours = { fromMs: firstMs, toMs: found.is_end_whole === 1 ? endMs : endMs - hourMs }
  return hours.fromMs < hours.toMs ? hours : null
}
