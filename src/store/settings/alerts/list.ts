import type { AlertRecord, AlertsQuestion, DeliveryAttempt, NotificationRecord } from '#core/alerting/outbox.ts'
import type { AlertEventRow, SettingsDatabase } from '../schema.ts'

/** Newest first. */
export async function listAlerts(
  database: SettingsDatabase,
  question: AlertsQuestion,
): Promise<readonly AlertRecord[]> {
  const { state, types, severities, labels, sinceMs, limit, after } = question
  let asked = database.selectFrom('alert_events').selectAll().where('status', '=', 'firing')
  if (state !== null) asked = asked.where('resolved_at_ms', state === 'firing' ? 'is' : 'is not', null)
  if (types.length > 0) asked = asked.where('type', 'in', types as AlertEventRow['type'][])
  if (severities.length > 0) asked = asked.where('severity', 'in', severities as AlertEventRow['severity'][])
  if (sinceMs !== null) asked = asked.where('at_ms', '>=', sinceMs)
  for (const [name, value] of labels) {
    asked = asked.where('id', 'in', (from) =>
      from.selectFrom('alert_labels').select('event_id').where('name', '=', name).where('value', '=', value),
    )
  }
  if (after !== null) {
    const { atMs, id } = after
    asked = asked.where(({ eb, or, and }) =>
      or([eb('at_ms', '<', atMs), and([eb('at_ms', '=', atMs), eb('id', '<', id)])]),
    )
  }
  const rows = await asked.orderBy('at_ms', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return await withNotifications(database, rows)
}

export async function findAlert(database: SettingsDatabase, id: string): Promise<AlertRecord | null> {
  const rows = await database
    .selectFrom('alert_events')
    .selectAll()
    .where('id', '=', id)
    .where('status', '=', 'firing')
    .execute()
  const [found] = await withNotifications(database, rows)
  return found ?? null
}

async function withNotifications(database: SettingsDatabase, rows: readonly AlertEventRow[]): Promise<AlertRecord[]> {
  const eventIds = rows.flatMap(({ id, resolved_by }) => (resolved_by === null ? [id] : [id, resolved_by]))
  if (eventIds.length === 0) return []
  const told = await database
    .selectFrom('notification_events')
    .innerJoin('notifications', 'notifications.id', 'notification_events.notification_id')
    .select(['event_id', 'id', 'place', 'receiver', 'state', 'made_at_ms', 'next_try_at_ms', 'ended_at_ms'])
    .where('event_id', 'in', eventIds)
    .orderBy('place')
    .execute()
  const attempts = await attemptsOf(database, [...new Set(told.map(({ id }) => id))])
  return rows.map((row) => {
    const of = told.filter(({ event_id }) => event_id === row.id || event_id === row.resolved_by)
    const notifications = new Map(
      of.map((one): [string, NotificationRecord] => [
        one.id,
        {
          id: one.id,
          receiver: one.receiver,
          state: one.state,
          madeAtMs: Number(one.made_at_ms),
          nextTryAtMs: one.state === 'pending' ? Number(one.next_try_at_ms) : null,
          endedAtMs: one.ended_at_ms === null ? null : Number(one.ended_at_ms),
          attempts: attempts.get(one.id) ?? [],
        },
      ]),
    )
    return alertRecord(row, [...notifications.values()])
  })
}

async function attemptsOf(
  database: SettingsDatabase,
  notificationIds: readonly string[],
): Promise<ReadonlyMap<string, DeliveryAttempt[]>> {
  const found = new Map<string, DeliveryAttempt[]>(notificationIds.map((id) => [id, []]))
  if (notificationIds.length === 0) return found
  const rows = await database
    .selectFrom('attempts')
    .selectAll()
    .where('notification_id', 'in', notificationIds)
    .orderBy('number')
    .execute()
  for (const row of rows) {
    found.get(row.notification_id)?.push({
      startedAtMs: Number(row.started_at_ms),
      durationMs: row.duration_ms,
      ok: row.ok === 1,
      status: row.status,
      detail: row.detail,
    })
  }
  return found
}

function alertRecord(row: AlertEventRow, notifications: readonly NotificationRecord[]): AlertRecord {
  return {
    id: row.id,
    fingerprint: row.fingerprint,
    state: row.resolved_at_ms === null ? 'firing' : 'resolved',
    type: row.type,
    severity: row.severity,
    startedAtMs: Number(row.at_ms),
    resolvedAtMs: row.resolved_at_ms === null ? null : Number(row.resolved_at_ms),
    told: row.told === 1,
    labels: readTexts(row.labels),
    facts: readTexts(row.facts),
    notifications,
  }
}

function readTexts(json: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null) throw new TypeError('a mapping was expected in the settings')
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
}
