import type { BookedAnswer, BookedPlace, BookedQuestion, WholeJournal } from '#core/ledger/questions.ts'
import type { UsageDatabase } from './client.ts'
import { Bindings, filterCondition } from './conditions.ts'
import { type RecordRow, recordColumns, recordOf } from './records.ts'

/**
 * Records in the order in which they were booked, journal by journal. How far there are any is asked first, without the
 * filters: a filter that nothing fits would else have all that was booked since looked through again at every question.
 *
 * @throws StoreFault
 */
export async function askBooked(
  database: UsageDatabase,
  { filters, limit, after, whole }: BookedQuestion,
): Promise<BookedAnswer> {
  const reached = await reachedPlaces(database, after ?? [], whole)
  if (after === null) return { records: [], places: reached }
  if (reached.length === 0) return { records: [], places: after }
  const bindings = new Bindings()
  const conditions = [between(after, reached, bindings), ...filters.map((filter) => filterCondition(filter, bindings))]
  const rows = await database.select<RecordRow & PlaceRow>(
    `SELECT ${recordColumns},
      journal_id, toString(journal_block) AS block, journal_entry AS entry
    FROM tollgate.usage
    WHERE ${conditions.join(' AND ')}
    ORDER BY journal_id, journal_block, journal_entry
    LIMIT ${limit}`,
    bindings.parameters,
  )
  const lookedAt = rows.length < limit ? reached : []
  const places = new Map([...after, ...rows.map(placeOf), ...lookedAt].map((place) => [place.journalId, place]))
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

/** Behind every entry of a block: the greatest number that one can have in the table. */
const endOfBlock = 2 ** 32 - 1

/** Where those journals end, by whole blocks, that go further than these places. */
async function reachedPlaces(
  database: UsageDatabase,
  places: readonly BookedPlace[],
  whole: WholeJournal | undefined,
): Promise<BookedPlace[]> {
  const bindings = new Bindings()
  const conditions = [beyond(places, bindings)]
  if (whole !== undefined) {
    conditions.push(
      `(journal_id != ${bindings.text(whole.journalId)} OR journal_block <= ${bindings.integer(whole.block)})`,
    )
  }
  const rows = await database.select<Omit<PlaceRow, 'entry'>>(
    `SELECT journal_id, toString(max(journal_block)) AS block
    FROM tollgate.usage
    WHERE ${conditions.join(' AND ')}
    GROUP BY journal_id`,
    bindings.parameters,
  )
  return rows.map((row) => placeOf({ ...row, entry: endOfBlock }))
}

/** A journal of which nothing is known yet is new. */
function beyond(places: readonly BookedPlace[], bindings: Bindings): string {
  if (places.length === 0) return 'true'
  const further = places.map((place) => `(${behind(place, bindings)})`)
  const known = places.map(({ journalId }) => bindings.text(journalId))
  return `(${[...further, `journal_id NOT IN (${known.join(', ')})`].join(' OR ')})`
}

/** From the one places, or the journal's beginning, to the end of the others' blocks. */
function between(after: readonly BookedPlace[], reached: readonly BookedPlace[], bindings: Bindings): string {
  const spans = reached.map(({ journalId, block }) => {
    const from = after.find((place) => place.journalId === journalId)
    const begin = from === undefined ? `journal_id = ${bindings.text(journalId)}` : behind(from, bindings)
    return `(${begin} AND journal_block <= ${blockNumber(block, bindings)})`
  })
  return `(${spans.join(' OR ')})`
}

/** The block by itself is what the table has an index of. */
function behind({ journalId, block, entry }: BookedPlace, bindings: Bindings): string {
  const [atBlock, atEntry] = [blockNumber(block, bindings), bindings.integer(entry)]
  const further = `journal_block >= ${atBlock} AND (journal_block, journal_entry) > (${atBlock}, ${atEntry})`
  return `journal_id = ${bindings.text(journalId)} AND ${further}`
}

function blockNumber(block: string, bindings: Bindings): string {
  return `toUInt64(${bindings.text(block)})`
}
