import { newestStoredBlock } from '#store/usage/intake.ts'
import { type Checkpoint, checkpointPath, readCheckpoint } from './checkpoint.ts'
import type { IngesterParts } from './ingester.ts'
import { nameInStore } from './known-journal.ts'

type StartParts = Pick<IngesterParts, 'database' | 'directory' | 'storeId' | 'journalId'>

/**
 * Where to go on. Without a checkpoint everything up to the newest block that the store has of this journal is
 * verified. Another store than the checkpoint's starts from the journal's beginning.
 *
 * @throws StoreFault, and where the checkpoint is there and cannot be read
 */
export async function startingPoint({ database, directory, storeId, journalId }: StartParts): Promise<Checkpoint> {
  const found = readCheckpoint(checkpointPath(directory))
  if (found?.storeId === storeId) return found
  return { version: 1, storeId, ...(await heldAs(database, journalId)), position: null }
}

/**
 * The same under the name that the store knows this journal by, where nothing of it is there under the one that it was
 * given now.
 *
 * @throws StoreFault, and what the journal throws
 */
export async function named(
  start: Checkpoint,
  { database, openSource, log }: Pick<IngesterParts, 'database' | 'openSource' | 'log'>,
): Promise<Checkpoint> {
  if (start.position !== null || start.intent !== null) return start
  const journalId = await nameInStore(database, openSource)
  if (journalId === null || journalId === start.journalId) return start
  log.warn({ journalId }, 'the store has this journal under the name of settings that were lost, and goes on with it')
  return { ...start, ...(await heldAs(database, journalId)) }
}

async function heldAs(
  database: StartParts['database'],
  journalId: string,
): Promise<Pick<Checkpoint, 'journalId' | 'intent'>> {
  const newest = await newestStoredBlock(database, journalId)
  return { journalId, intent: newest === 0 ? null : { toBlock: newest, token: null } }
}
