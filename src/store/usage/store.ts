import type { SumsAnswer, SumsQuestion, TimeRange } from '#core/ledger/questions.ts'
import type { Clock, UsageStore } from '#ports.ts'
import { askBooked } from './booked.ts'
import type { UsageDatabase } from './client.ts'
import { readStoreId } from './facts.ts'
import { migrate } from './migrate.ts'
import { askRecords } from './records.ts'
import { applyRetention } from './retention.ts'
import { askSums } from './sums.ts'
import { hoursCanTell, type SumsSource } from './sums-statement.ts'
import { leastRecordsSaved, worthwhileHours } from './whole-hours.ts'

export interface OpenUsageStore extends UsageStore {
  readonly storeId: string
}

const dayMs = 86_400_000
const recountAfterMs = 10_000

/** The store with its schema up to date and its retention as configured. @throws StoreFault */
export async function openUsageStore(
  database: UsageDatabase,
  { recordsDays, clock }: { recordsDays: number; clock: Clock },
): Promise<OpenUsageStore> {
  await migrate(database)
  const completeSinceStartMs = await applyRetention(database, { days: recordsDays, nowMs: clock.wallMs() })
  const completeFromMs = () => Math.max(completeSinceStartMs, clock.wallMs() - recordsDays * dayMs)
  const mayBeMany = countedAtTimes(database, clock)
  return {
    storeId: await readStoreId(database),
    async records(question) {
      const incompleteBeforeMs = await goneBeforeMs(database, question.range, completeFromMs())
      return { records: await askRecords(database, question), incompleteBeforeMs }
    },
    booked: (question) => askBooked(database, question),
    async sums(question) {
      const incompleteBeforeMs = await goneBeforeMs(database, question.range, completeFromMs())
      return askSums(database, question, await sourceOf(database, question, { incompleteBeforeMs, mayBeMany }))
    },
  }
}

/**
 * Records answer as long as they are all there; with the help of the roll-ups, where there are too many of them. Of times
 * before that, the roll-ups, if they know what is asked.
 */
async function sourceOf(
  database: UsageDatabase,
  question: SumsQuestion,
  { incompleteBeforeMs, mayBeMany }: { incompleteBeforeMs: number | null; mayBeMany: () => Promise<boolean> },
): Promise<{ source: SumsSource } & Pick<SumsAnswer, 'incompleteBeforeMs'>> {
  const hoursCan = hoursCanTell(question)
  if (incompleteBeforeMs !== null) {
    return hoursCan ? { source: 'hourly', incompleteBeforeMs: null } : { source: 'records', incompleteBeforeMs }
  }
  const hours = hoursCan && (await mayBeMany()) ? await worthwhileHours(database, question) : null
  return { source: hours === null ? 'records' : { hours }, incompleteBeforeMs: null }
}

/**
 * Whether there are so many records that it can pay to ask the roll-ups. Counted every ten seconds: the engine takes
 * milliseconds for any statement, which a small store need not spend on each report.
 */
function countedAtTimes(database: UsageDatabase, clock: Clock): () => Promise<boolean> {
  let many = false
  let countedAtMs = Number.NEGATIVE_INFINITY
  return async () => {
    const nowMs = clock.monotonicMs()
    if (nowMs - countedAtMs < recountAfterMs) return many
    const rows = await database.select<{ records: string }>('SELECT count() AS records FROM tollgate.usage')
    many = Number(rows[0]?.records) > leastRecordsSaved
    countedAtMs = nowMs
    return many
  }
}

/** Null where no record of the range is gone. The roll-ups know how old the oldest of all is. */
async function goneBeforeMs(
  database: UsageDatabase,
  { fromMs }: TimeRange,
  completeFromMs: number,
): Promise<number | null> {
  if (fromMs >= completeFromMs) return null
  const oldestMs = await oldestHourMs(database)
  return oldestMs !== null && oldestMs < completeFromMs ? completeFromMs : null
}

async function oldestHourMs(database: UsageDatabase): Promise<number | null> {
  const rows = await database.select<{ hours: string; oldest: number }>(
    'SELECT count() AS hours, toUnixTimestamp(min(hour)) AS oldest FROM tollgate.usage_hourly',
  )
  const row = rows[0]
  return row === undefined || row.hours === '0' ? null : row.oldest * 1000
}
