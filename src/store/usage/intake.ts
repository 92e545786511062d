import { StoreFault, type UsageDatabase } from './client.ts'
import { usageColumns } from './columns.ts'
import { NativeBlock } from './native.ts'
import type { UsageRow } from './usage-row.ts'

/** Rows of whole blocks of one journal, in its order; their values were checked. */
export interface IntakeBatch {
  readonly journalId: string
  readonly rows: readonly UsageRow[]
  /** Names this range of this journal for ever: a second insert under the same token changes nothing. */
  readonly token: string
}

type Target = 'usage_intake' | 'usage' | 'hourly_intake'

export type UsageBlock = NativeBlock

/** A block that takes the rows of a batch. */
export function intakeBlock(): UsageBlock {
  return new NativeBlock(usageColumns)
}

/**
 * Records and roll-ups together, durable when it returns. Either may be in the store, or both, or none, where this throws.
 *
 * @throws StoreFault
 */
export async function insertBlock(
  database: UsageDatabase,
  { block, token }: { block: UsageBlock; token: string },
): Promise<void> {
  await insert(database, { table: 'usage_intake', block, token })
  await database.sync()
}

/**
 * Brings a batch whose insert ended unknown to exactly once, in both tables, durable when it returns. It trusts only what it finds there.
 *
 * Not the insert token: the engine writes its log of tokens before the part of the rows has its name, and a death
 * between the two makes it swallow the retry. Instead: the parts of one insert into one month of one table appear as a
 * whole or not at all, and blocks come in order; so records are looked up one by one, and the hours of a month hold
 * exactly the rows of it that are not newer than the newest block they hold.
 *
 * @throws StoreFault
 */
export async function makeGood(database: UsageDatabase, batch: IntakeBatch): Promise<Repair> {
  const records = await missingRecords(database, batch)
  const hourly = await missingFromHours(database, batch)
  // Its own tokens: the first insert's may be in the log without its rows.
  const token = (table: string) => `${batch.token}/${table}/${crypto.randomUUID()}`
  if (records.length > 0) await insert(database, { table: 'usage', block: blockOf(records), token: token('usage') })
  if (hourly.length > 0)
    await insert(database, { table: 'hourly_intake', block: blockOf(hourly), token: token('hourly') })
  // What was found as well: who inserted it may have died before it was.
  await database.sync()
  return { records: records.length, hourlyRecords: hourly.length }
}

/** How many rows were missing from the records and from the roll-up. */
export interface Repair {
  readonly records: number
  readonly hourlyRecords: number
}

async function missingRecords(database: UsageDatabase, batch: IntakeBatch): Promise<UsageRow[]> {
  const [first, last] = [batch.rows[0], batch.rows.at(-1)]
  if (first === undefined || last === undefined) return []
  const found = await database.selectForWriter<{ place: string; call: string }>(
    `SELECT concat(toString(journal_block), '/', toString(journal_entry)) AS place, call_id AS call FROM tollgate.usage
     WHERE journal_id = {journal:String} AND journal_block BETWEEN {from:UInt64} AND {to:UInt64}`,
    { journal: batch.journalId, from: first.blockNo, to: last.blockNo },
  )
  const present = new Map(found.map((row) => [row.place, row.call]))
  return batch.rows.filter((row) => {
    const call = present.get(`${row.blockNo}/${row.entryNo}`)
    if (call === undefined || call === row.entry.call.callId) return call === undefined
    const where = `block ${row.blockNo}, entry ${row.entryNo} of journal ${batch.journalId}`
    throw new StoreFault(
      'store_rejected',
      `the usage store holds call ${call} for ${where}: it followed another journal`,
    )
  })
}

/** Looked at row by row: which inserts the batch once came in is not known where the checkpoint was lost. */
async function missingFromHours(database: UsageDatabase, batch: IntakeBatch): Promise<UsageRow[]> {
  const newest = new Map<number, number>()
  for (const month of new Set(batch.rows.map(monthOf)))
    newest.set(month, await newestBlock(database, batch.journalId, month))
  return batch.rows.filter((row) => row.blockNo > (newest.get(monthOf(row)) ?? 0))
}

/** As ClickHouse names the partition: 202601. */
export function monthOf({ entry }: UsageRow): number {
  const started = new Date(entry.call.startedAtMs)
  return started.getUTCFullYear() * 100 + started.getUTCMonth() + 1
}

/** The newest block of a journal of which the store holds a row, in its records or its roll-ups; 0 = none. */
export async function newestStoredBlock(database: UsageDatabase, journalId: string): Promise<number> {
  const rows = await database.selectForWriter<{ newest: string }>(
    `SELECT toString(greatest(
       (SELECT max(journal_block) FROM tollgate.usage WHERE journal_id = {journal:String}),
       (SELECT max(journal_block) FROM tollgate.usage_hourly WHERE journal_id = {journal:String})
     )) AS newest`,
    { journal: journalId },
  )
  return Number(rows[0]?.newest ?? 0)
}

async function newestBlock(database: UsageDatabase, journalId: string, month: number): Promise<number> {
  const rows = await database.selectForWriter<{ newest: string }>(
    `SELECT toString(max(journal_block)) AS newest FROM tollgate.usage_hourly
     WHERE journal_id = {journal:String} AND toYYYYMM(hour) = {month:UInt32}`,
    { journal: journalId, month },
  )
  return Number(rows[0]?.newest ?? 0)
}

export function blockOf(rows: readonly UsageRow[]): UsageBlock {
  const block = intakeBlock()
  for (const row of rows) block.add(row)
  return block
}

const columnNames = usageColumns.map((column) => column.name).join(', ')

async function insert(
  database: UsageDatabase,
  { table, block, token }: { table: Target; block: UsageBlock; token: string },
): Promise<void> {
  const settings = [
    `insert_deduplication_token = '${token}'`,
    'insert_deduplicate = 1',
    'deduplicate_blocks_in_dependent_materialized_views = 1',
    // One block, hence one part for each month: what makeGood relies on.
    'input_format_parallel_parsing = 0',
    'max_insert_threads = 1',
    'async_insert = 0',
    'max_partitions_per_insert_block = 0',
  ].join(', ')
  const into = { table: `tollgate.${table} (${columnNames})`, settings }
  await database.insert(into, block.done(), token)
}
