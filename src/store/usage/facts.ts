import type { UsageDatabase } from './client.ts'

type FactName = 'store_id' | 'records_days' | 'records_complete_from_ms'

/** What the store knows of itself. Null where it was never written. @throws StoreFault */
export async function readFact(database: UsageDatabase, name: FactName): Promise<string | null> {
  const rows = await database.selectForWriter<{ value: string }>(
    'SELECT value FROM tollgate.store_facts WHERE name = {name:String} ORDER BY written_at DESC LIMIT 1',
    { name },
  )
  return rows[0]?.value ?? null
}

/** @throws StoreFault */
export async function writeFact(database: UsageDatabase, name: FactName, value: string): Promise<void> {
  await database.command('INSERT INTO tollgate.store_facts (name, value) SELECT {name:String}, {value:String}', {
    name,
    value,
  })
}

/**
 * Tells this store from one that was made anew in its place. One whose id was lost with the machine that failed, in its
 * first moments, gets another: what it has of a journal is then verified.
 *
 * @throws StoreFault
 */
export async function readStoreId(database: UsageDatabase): Promise<string> {
  const found = await readFact(database, 'store_id')
  if (found !== null) return found
  const made = crypto.randomUUID()
  await writeFact(database, 'store_id', made)
  return made
}
