import type { SumsAnswer, SumsQuestion } from '#core/ledger/questions.ts'
import type { Clock, UsageStore } from '#ports.ts'
import type { UsageDatabase } from './client.ts'
import { readStoreId } from './facts.ts'
import { migrate } from './migrate.ts'
import { askRecords } from './records.ts'
import { applyRetention } from './retention.ts'
import { askSums, hoursCanTell } from './sums.ts'

export interface OpenUsageStore extends UsageStore {
  readonly storeId: string
}

const dayMs = 86_400_000

/** The store with its schema up to date and its retention as configured. @throws StoreFault */
export async function openUsageStore(
  database: UsageDatabase,
  { recordsDays, clock }: { recordsDays: number; clock: Clock },
): Promise<OpenUsageStore> {
  await migrate(database)
  const completeSinceStartMs = await applyRetention(database, { days: recordsDays, nowMs: clock.wallMs() })
  const completeFromMs = () => Math.max(completeSinceStartMs, clock.wallMs() - recordsDays * dayMs)
  return {
    storeId: await readStoreId(database),
    records: (question) => askRecords(database, question),
    sums: async (question) => askSums(database, question, await basisOf(database, question, completeFromMs())),
  }
}

/** Records answer as long as they are all there; of times before that, the roll-ups, if they know what is asked. */
async function basisOf(
  database: UsageDatabase,
  question: SumsQuestion,
  completeFromMs: number,
): Promise<Pick<SumsAnswer, 'basis' | 'incompleteBeforeMs'>> {
  if (question.range.fromMs >= completeFromMs) return { basis: 'records', incompleteBeforeMs: null }
  const oldestMs = await oldestHourMs(database)
  if (oldestMs === null || oldestMs >= completeFromMs) return { basis: 'records', incompleteBeforeMs: null }
  if (hoursCanTell(question)) return { basis: 'hourly', incompleteBeforeMs: null }
  return { basis: 'records', incompleteBeforeMs: completeFromMs }
}

async function oldestHourMs(database: UsageDatabase): Promise<number | null> {
  const rows = await database.select<{ hours: string; oldest: number }>(
    'SELECT count() AS hours, toUnixTimestamp(min(hour)) AS oldest FROM tollgate.usage_hourly',
  )
  const row = rows[0]
  return row === undefined || row.hours === '0' ? null : row.oldest * 1000
}
