import type { AlertEvent } from '#core/alerting/alert.ts'
import {
  type AlertCommit,
  type DeliveryOutcome,
  deliverWithinMs,
  type OutboxNotification,
} from '#core/alerting/outbox.ts'
import { batches } from '#lib/batches.ts'
import type { AlertEventRow, SettingsDatabase } from '../schema.ts'

/** SQLite takes 32,766 parameters a statement. */
const rowsAtOnce = 500

/** To be called within a transaction. */
export async function commitAlerts(transaction: SettingsDatabase, commit: AlertCommit): Promise<void> {
  await insertEvents(transaction, commit.events)
  await insertNotifications(transaction, commit.notifications, commit.nowMs)
  for (const outcome of commit.outcomes) await bookOutcome(transaction, outcome)
  for (const [part, value] of Object.entries(commit.state)) {
    await transaction
      .insertInto('alert_state')
      .values({ part, value })
      .onConflict((conflict) => conflict.column('part').doUpdateSet({ value }))
      .execute()
  }
}

async function insertEvents(transaction: SettingsDatabase, events: AlertCommit['events']): Promise<void> {
  for (const some of batches(events, rowsAtOnce)) {
    await transaction
      .insertInto('alert_events')
      .values(some.map(({ event, told }) => eventRow(event, told)))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    const labels = some.flatMap(({ event }) =>
      Object.entries(event.labels).map(([name, value]) => ({ event_id: event.id, name, value })),
    )
    for (const rows of batches(labels, rowsAtOnce)) {
      await transaction
        .insertInto('alert_labels')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['event_id', 'name']).doNothing())
        .execute()
    }
  }
  for (const { event } of events) if (event.status === 'resolved') await resolve(transaction, event)
}

function eventRow(event: AlertEvent, told: boolean): AlertEventRow {
  return {
    id: event.id,
    fingerprint: event.fingerprint,
    status: event.status,
    type: event.type,
    severity: event.severity,
    at_ms: event.atMs,
    labels: JSON.stringify(event.labels),
    facts: JSON.stringify(event.facts),
    told: told ? 1 : 0,
    resolved_at_ms: null,
    resolved_by: null,
  }
}

/** What fired under the fingerprint up to then is over. */
async function resolve(transaction: SettingsDatabase, event: AlertEvent): Promise<void> {
  await transaction
    .updateTable('alert_events')
    .set({ resolved_at_ms: event.atMs, resolved_by: event.id })
    .where('fingerprint', '=', event.fingerprint)
    .where('status', '=', 'firing')
    .where('resolved_at_ms', 'is', null)
    .where('at_ms', '<=', event.atMs)
    .execute()
}

async function insertNotifications(
  transaction: SettingsDatabase,
  notifications: readonly OutboxNotification[],
  nowMs: number,
): Promise<void> {
  if (notifications.length === 0) return
  const { last } = await transaction
    .selectFrom('notifications')
    .select(({ fn }) => fn.max('place').as('last'))
    .executeTakeFirstOrThrow()
  let place = Number(last ?? 0)
  for (const { id, receiver, body, eventIds } of notifications) {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('notifications')
      .values({
        id,
        place: ++place,
        receiver,
        state: 'pending',
        body,
        made_at_ms: nowMs,
        next_try_at_ms: nowMs,
        give_up_at_ms: nowMs + deliverWithinMs,
        tries: 0,
        ended_at_ms: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 0n) continue
    for (const some of batches(eventIds, rowsAtOnce)) {
      await transaction
        .insertInto('notification_events')
        .values(some.map((event_id) => ({ notification_id: id, event_id })))
        .onConflict((conflict) => conflict.columns(['notification_id', 'event_id']).doNothing())
        .execute()
    }
  }
}

async function bookOutcome(transaction: SettingsDatabase, outcome: DeliveryOutcome): Promise<void> {
  const { notificationId, attempt, state, nextTryAtMs } = outcome
  const { last } = await transaction
    .selectFrom('attempts')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('notification_id', '=', notificationId)
    .executeTakeFirstOrThrow()
  await transaction
    .insertInto('attempts')
    .values({
      notification_id: notificationId,
      number: Number(last ?? 0) + 1,
      started_at_ms: attempt.startedAtMs,
      duration_ms: Math.round(attempt.durationMs),
      ok: attempt.ok ? 1 : 0,
      status: attempt.status,
      detail: attempt.detail,
    })
    .execute()
  const endedAtMs = state === 'pending' ? null : attempt.startedAtMs + Math.round(attempt.durationMs)
  await transaction
    .updateTable('notifications')
    .set(({ eb }) => ({
      state,
      next_try_at_ms: nextTryAtMs,
      tries: eb('tries', '+', 1),
      ended_at_ms: endedAtMs,
    }))
    .where('id', '=', notificationId)
    .execute()
}
