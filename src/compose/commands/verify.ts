import type { VerifiedJournal } from '#cli/verify.ts'
import { systemClock } from '#edge/system.ts'
import { dataPath } from '#store/data-paths.ts'
import { verifyJournal } from '#store/journal/verify.ts'

const quietMs = 1000
const betweenMs = 100

/** Checks the journal of a data directory; tells of its progress only once it has taken a second. */
export function verifyDataDirectory(
  dataDir: string,
  onProgress: (done: number, total: number) => void,
): Promise<VerifiedJournal> {
  let nextMs = systemClock.monotonicMs() + quietMs
  return verifyJournal({
    dir: dataPath(dataDir, 'journal'),
    onProgress(done, total) {
      if (systemClock.monotonicMs() < nextMs) return
      nextMs = systemClock.monotonicMs() + betweenMs
      onProgress(done, total)
    },
  })
}
