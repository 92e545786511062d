import type { AlertStore } from '#ports.ts'
import { bookmarkPart } from '#reactions/alerts/state-parts.ts'
import { readSpent } from '#store/budgets/spent-file.ts'
import { dataPath } from '#store/data-paths.ts'
import { checkpointPath, readCheckpoint } from '#store/ingest/checkpoint.ts'
import { readBookmark } from '#store/journal/feed.ts'

/** Blocks that may have been written behind the newest place that anybody remembers. */
const unseenBlocks = 1_000_000

/**
 * The number of the first block of a new journal: 1, or a number above all of a journal that was moved away. Whoever
 * remembers a place in that one, or has rows of its blocks, then goes on with this one and mistakes neither for the other.
 */
export async function firstBlockOf(dataDir: string, alerts: Pick<AlertStore, 'state'>): Promise<number> {
  const places = await Promise.all([
    ingestedBlock(dataPath(dataDir, 'ingest')),
    readSpent(dataPath(dataDir, 'budgets')).then((spent) => spent?.position.blockNo ?? 0),
    alerts.state().then((state) => blockOfBookmark(state.get(bookmarkPart))),
  ])
  const newest = Math.max(...places)
  return newest === 0 ? 1 : newest + unseenBlocks
}

function ingestedBlock(directory: string): number {
  try {
    const checkpoint = readCheckpoint(checkpointPath(directory))
    return Math.max(checkpoint?.position?.blockNo ?? 0, checkpoint?.intent?.toBlock ?? 0)
  } catch {
    // The console says so. Here the other places have to do.
    return 0
  }
}

function blockOfBookmark(bookmark: string | undefined): number {
  return bookmark === undefined ? 0 : readBookmark(bookmark).blockNo
}
