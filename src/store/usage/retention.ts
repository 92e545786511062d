import type { UsageDatabase } from './client.ts'
import { readFact, writeFact } from './facts.ts'

const dayMs = 86_400_000

/**
 * Makes the engine drop single records that are older than `days`; the roll-ups stay. Returns the time from which on
 * the records are complete: a longer retention does not bring back what a shorter one has dropped.
 *
 * @throws StoreFault
 */
export async function applyRetention(
  database: UsageDatabase,
  { days, nowMs }: { days: number; nowMs: number },
): Promise<number> {
  const daysBefore = Number((await readFact(database, 'records_days')) ?? Number.POSITIVE_INFINITY)
  const completeBefore = Number((await readFact(database, 'records_complete_from_ms')) ?? 0)
  const completeFromMs = Math.max(completeBefore, nowMs - daysBefore * dayMs)
  if (days !== daysBefore) {
    if (completeFromMs > 0) await writeFact(database, 'records_complete_from_ms', String(completeFromMs))
    await database.command(`ALTER TABLE tollgate.usage MODIFY TTL timestamp + toIntervalDay(${Math.trunc(days)})`)
    await writeFact(database, 'records_days', String(days))
  }
  return completeFromMs
}
