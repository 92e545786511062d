import type { BookedAnswer, BookedPlace, BookedQuestion } from '#core/ledger/questions.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings, filterCondition } from './conditions.ts'
import { type RecordRow, recordColumns, recordOf } from './records.ts'

/** Records in the order in which they were booked, journal by journal. @throws StoreFault */
export async function askBooked(
  database: UsageDatabase,
  { filters, limit, after }: BookedQuestion,
): Promise<BookedAnswer> {
  if (after === null) return { records: [], places: await lastPlaces(database) }
  const bindings = new Bindings()
  const conditions = [beyond(after, bindings), ...filters.map((filter) => filterCondition(filter, bindings))]
  const rows = await database.select<RecordRow & PlaceRow>(
    `SELECT ${recordColumns},
      journal_id, toString(journal_block) AS block, journal_entry AS entry
    FROM tollgate.usage
    WHERE ${conditions.join(' AND ')}
    ORDER BY journal_id, journal_block, journal_entry
    LIMIT ${limit}`,
    bindings.parameters,
  )
  const places = new Map([...after, ...rows.map(placeOf)].map((place) => [place.journalId, place]))
  return { records: rows.map(recordOf), places: [...places.values()] }
}

interface PlaceRow {
  readonly journal_id: string
  readonly block: string
  readonly entry: number
}

function placeOf({ journal_id: journalId, block, entry }: PlaceRow): BookedPlace {
  return { journalId, block, entry }
}

async function lastPlaces(database: UsageDatabase): Promise<BookedPlace[]> {
  const rows = await database.select<PlaceRow>(
    `SELECT journal_id, max((journal_block, journal_entry)) AS place, toString(place.1) AS block, place.2 AS entry
    FROM tollgate.usage
    GROUP BY journal_id`,
  )
  return rows.map(placeOf)
}

/** A journal of which nothing is known yet is new. The block by itself is what the table has an index of. */
function beyond(places: readonly BookedPlace[], bindings: Bindings): string {
  const known = places.map(({ journalId, block, entry }) => {
    const id = bindings.text(journalId)
    const [atBlock, atEntry] = [`toUInt64(${bindings.text(block)})`, bindings.integer(entry)]
    const further = `journal_block >= ${atBlock} AND (journal_block, journal_entry) > (${atBlock}, ${atEntry})`
    return { id, further: `journal_id = ${id} AND ${further}` }
  })
  if (known.length === 0) return 'true'
  const isNew = `journal_id NOT IN (${known.map(({ id }) => id).join(', ')})`
  return `(${[...known.map(({ further }) => `(${further})`), isNew].join(' OR ')})`
}
