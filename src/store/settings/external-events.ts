import type { PicoUsd } from '#core/money/pico-usd.ts'
import { formatUsd, parseUsd } from '#core/money/usd-text.ts'
import { batches } from '#lib/batches.ts'
import type { ExternalEvent } from '#ports.ts'
import type { SettingsDatabase } from './schema.ts'

/** SQLite binds at most 32,766 parameters to a statement: https://www.sqlite.org/limits.html. */
const rowsPerStatement = 1_000

export async function externalAmount(database: SettingsDatabase, callId: string): Promise<PicoUsd | null> {
  const row = await database
    .selectFrom('external_events')
    .select('amount_usd')
    .where('call_id', '=', callId)
    .executeTakeFirst()
  return row === undefined ? null : parseUsd(row.amount_usd)
}

/**
 * The segment from which on the journal may hold events that are not in the table, and, after a space each, earlier ones
 * that had damage; null = nothing was read yet.
 */
export async function externalEventsReadTo(database: SettingsDatabase): Promise<string | null> {
  const row = await database.selectFrom('external_events_read').select('segment').executeTakeFirst()
  return row?.segment ?? null
}

interface ExternalEventsRead {
  readonly events: readonly ExternalEvent[]
  /** All events of the segments before it are in the table, or among these, but for those named behind it. */
  readonly segment: string | null
}

/** Keeps events, and how far the journal is known with them. An event that is kept already stays as it is. */
export async function keepExternalEvents(
  database: SettingsDatabase,
  { events, segment }: ExternalEventsRead,
  nowMs: number,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    for (const some of batches(events, rowsPerStatement)) {
      await transaction
        .insertInto('external_events')
        .values(some.map((event) => rowOf(event, nowMs)))
        .onConflict((conflict) => conflict.column('call_id').doNothing())
        .execute()
    }
    if (segment === null) return
    await transaction
      .insertInto('external_events_read')
      .values({ one: 1, segment })
      .onConflict((conflict) => conflict.column('one').doUpdateSet({ segment }))
      .execute()
  })
}

function rowOf({ callId, source, eventId, picoUsd }: ExternalEvent, nowMs: number) {
  return { call_id: callId, source, event_id: eventId, amount_usd: formatUsd(picoUsd), recorded_at_ms: nowMs }
}
