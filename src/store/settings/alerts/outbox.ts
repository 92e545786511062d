import { deliverWithinMs, type PendingNotification } from '#core/alerting/outbox.ts'
import type { SettingsDatabase } from '../schema.ts'

export async function nextPending(database: SettingsDatabase, receiver: string): Promise<PendingNotification | null> {
  const row = await database
    .selectFrom('notifications')
    .selectAll()
    .where('state', '=', 'pending')
    .where('receiver', '=', receiver)
    .orderBy('place')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    id: row.id,
    receiver: row.receiver,
    body: row.body,
    nextTryAtMs: Number(row.next_try_at_ms),
    giveUpAtMs: Number(row.give_up_at_ms),
    tries: row.tries,
  }
}

export async function waitingByReceiver(database: SettingsDatabase): Promise<ReadonlyMap<string, number>> {
  const rows = await database
    .selectFrom('notifications')
    .select(({ fn }) => ['receiver', fn.countAll<number>().as('waiting')])
    .where('state', '=', 'pending')
    .groupBy('receiver')
    .execute()
  return new Map(rows.map(({ receiver, waiting }) => [receiver, Number(waiting)]))
}

/**
 * Those that nobody tries any more. What one of the receivers is to have it gives up by itself, and not untried: also
 * after a weekend in which nothing ran.
 */
export async function expirePending(
  database: SettingsDatabase,
  nowMs: number,
  receivers: readonly string[],
): Promise<void> {
  const gone = await database
    .selectFrom('notifications')
    .select('receiver')
    .distinct()
    .where('state', '=', 'pending')
    .execute()
  const names = gone.map(({ receiver }) => receiver).filter((name) => !receivers.includes(name))
  if (names.length === 0) return
  await database
    .updateTable('notifications')
    .set({ state: 'failed', ended_at_ms: nowMs })
    .where('state', '=', 'pending')
    .where('give_up_at_ms', '<', nowMs)
    .where('receiver', 'in', names)
    .execute()
}

/** To be called within a transaction. Under the ids they had, and with all their time again. */
export async function replayAlert(transaction: SettingsDatabase, alertId: string, nowMs: number): Promise<number> {
  const answer = await transaction
    .updateTable('notifications')
    .set({
      state: 'pending',
      next_try_at_ms: nowMs,
      give_up_at_ms: nowMs + deliverWithinMs,
      tries: 0,
      ended_at_ms: null,
    })
    .where('id', 'in', (from) =>
      from
        .selectFrom('notification_events as told')
        .innerJoin('alert_events as event', (join) => join.onTrue())
        .select('told.notification_id')
        .where('event.id', '=', alertId)
        .where(({ eb, or, ref }) =>
          or([eb('told.event_id', '=', ref('event.id')), eb('told.event_id', '=', ref('event.resolved_by'))]),
        ),
    )
    .executeTakeFirstOrThrow()
  return Number(answer.numUpdatedRows)
}

/** To be called within a transaction. What still fires, or is not told yet, stays. */
export async function pruneAlerts(transaction: SettingsDatabase, beforeMs: number): Promise<void> {
  const old = transaction
    .selectFrom('notifications')
    .select('id')
    .where('state', '!=', 'pending')
    .where('ended_at_ms', '<', beforeMs)
  await transaction.deleteFrom('attempts').where('notification_id', 'in', old).execute()
  await transaction.deleteFrom('notification_events').where('notification_id', 'in', old).execute()
  await transaction
    .deleteFrom('notifications')
    .where('state', '!=', 'pending')
    .where('ended_at_ms', '<', beforeMs)
    .execute()
  const over = transaction
    .selectFrom('alert_events')
    .select('id')
    .where('at_ms', '<', beforeMs)
    .where('id', 'not in', (from) => from.selectFrom('notification_events').select('event_id'))
  await transaction.deleteFrom('alert_labels').where('event_id', 'in', over).execute()
  await transaction.deleteFrom('alert_events').where('id', 'in', over).execute()
  await transaction.deleteFrom('silences').where('ends_at_ms', '<', beforeMs).execute()
}
