import { decodeAttempts } from '#core/ledger/codec.ts'
import type { RecordsQuestion, StoredRecord } from '#core/ledger/questions.ts'
import { type RecordFieldName, recordFieldNames, recordFields } from '#core/ledger/record-fields.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings, filterCondition, instant, recordsWithin } from './conditions.ts'

/** Single records, newest or oldest first. @throws StoreFault */
export async function askRecords(database: UsageDatabase, question: RecordsQuestion): Promise<StoredRecord[]> {
  const bindings = new Bindings()
  const rows = await database.select<RecordRow>(recordsStatement(question, bindings), bindings.parameters)
  return rows.map(recordOf)
}

export type RecordRow = Record<RecordFieldName, string | number | boolean | null> & {
  readonly timestamp_ms: string
  readonly ended_at_ms: string
  readonly tags: Readonly<Record<string, string>>
  readonly units: Readonly<Record<string, number>>
  readonly marks: readonly string[]
  readonly attempts: string
}

export const recordColumns = `
      toUnixTimestamp64Milli(timestamp) AS timestamp_ms,
      toUnixTimestamp64Milli(ended_at) AS ended_at_ms,
      ${recordFieldNames.join(', ')},
      tags, units, marks, attempts`

/** The order begins with the hour, as the table's key does: so the engine reads hour by hour and stops when it has enough. */
function recordsStatement({ range, filters, limit, after, order }: RecordsQuestion, bindings: Bindings): string {
  const [direction, beyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>']
  const conditions = [recordsWithin(range, bindings), ...filters.map((filter) => filterCondition(filter, bindings))]
  if (after !== null) {
    const time = instant(after.timestampMs, bindings)
    conditions.push(`timestamp ${beyond}= ${time}`)
    conditions.push(`(timestamp, call_id) ${beyond} (${time}, ${bindings.text(after.callId)})`)
  }
  return `
    SELECT ${recordColumns}
    FROM tollgate.usage
    WHERE ${conditions.join(' AND ')}
    ORDER BY toStartOfHour(timestamp) ${direction}, timestamp ${direction}, call_id ${direction}
    LIMIT ${limit}`
}

export function recordOf(row: RecordRow): StoredRecord {
  const values = {} as Record<RecordFieldName, string | number | boolean | null>
  for (const name of recordFieldNames) {
    const value = row[name]
    values[name] = recordFields[name].kind === 'count' && value !== null ? String(value) : value
  }
  return {
    timestampMs: Number(row.timestamp_ms),
    endedAtMs: Number(row.ended_at_ms),
    tags: row.tags,
    units: row.units,
    marks: row.marks,
    attempts: decodeAttempts(row.attempts),
    values,
  }
}
