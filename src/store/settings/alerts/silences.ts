import type { Matchers, Silence } from '#core/alerting/routing.ts'
import type { SettingsDatabase, SilenceRow } from '../schema.ts'

export async function listSilences(database: SettingsDatabase, nowMs: number): Promise<readonly Silence[]> {
  const rows = await database
    .selectFrom('silences')
    .selectAll()
    .where('ends_at_ms', '>', nowMs)
    .orderBy('starts_at_ms')
    .orderBy('id')
    .execute()
  return rows.map(storedSilence)
}

export async function addSilence(database: SettingsDatabase, silence: Silence, nowMs: number): Promise<void> {
  await database
    .insertInto('silences')
    .values({
      id: silence.id,
      match: JSON.stringify(silence.match),
      starts_at_ms: silence.startsAtMs,
      ends_at_ms: silence.endsAtMs,
      created_by: silence.createdBy,
      comment: silence.comment,
      created_at_ms: nowMs,
    })
    .execute()
}

/** It stays, as one that has ended, so that it can be seen why something was not told. */
export async function endSilence(database: SettingsDatabase, id: string, nowMs: number): Promise<boolean> {
  const answer = await database
    .updateTable('silences')
    .set({ ends_at_ms: nowMs })
    .where('id', '=', id)
    .where('ends_at_ms', '>', nowMs)
    .executeTakeFirstOrThrow()
  return answer.numUpdatedRows > 0n
}

function storedSilence(row: SilenceRow): Silence {
  return {
    id: row.id,
    match: readMatchers(row.match),
    startsAtMs: Number(row.starts_at_ms),
    endsAtMs: Number(row.ends_at_ms),
    createdBy: row.created_by,
    comment: row.comment,
  }
}

function readMatchers(json: string): Matchers {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null) throw new TypeError('matchers were expected in the settings')
  return Object.fromEntries(
    Object.entries(value).map(([name, values]) => [name, Array.isArray(values) ? values.map(String) : []]),
  )
}
