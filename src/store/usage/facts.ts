import { StoreFault, type UsageDatabase } from './client.ts'

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

/** Tells this store from one that was made anew in its place. @throws StoreFault */
export async function readStoreId(database: UsageDatabase): Promise<string> {
  const id = await readFact(database, 'store_id')
  if (id === null)
    throw new StoreFault('store_rejected', 'the usage store has no id: its first migration is incomplete')
  return id
}
