import type { Config } from '#config/config.ts'
import { dataPath } from '#store/data-paths.ts'
import { openEmbedded, openServer, StoreFault } from '#store/usage/client.ts'
import { engineFault } from './engine-fault.ts'
import { LateUsageSide, within } from './late-usage-side.ts'
import { startUsageSide, type UsageSide, type UsageSideHooks } from './usage-side.ts'

interface OpenUsageSideHooks extends UsageSideHooks {
  /**
   * For who has more to do than to read the store: what takes longer to be opened, or cannot be, is tried again in the
   * background. Absent: it is waited for, and what cannot be opened is thrown.
   */
  readonly waitMs?: number
}

/**
 * Opens the store and starts to ingest. A store that is tried again in the background fails every question until then as
 * `store_unreachable`, and the journal waits. A server that cannot be reached is never thrown.
 *
 * @throws StoreFault where the store cannot be opened and is waited for
 */
export function openUsageSide(config: Config, journalId: string, hooks: OpenUsageSideHooks): Promise<UsageSide> {
  const { clickhouseUrl } = config.store
  const parts = { config, journalId, hooks }
  return clickhouseUrl === null
    ? openEmbeddedSide(dataPath(config.dataDir, 'clickhouse'), parts)
    : openServerSide(clickhouseUrl, parts)
}

interface OpenParts {
  readonly config: Config
  readonly journalId: string
  readonly hooks: OpenUsageSideHooks
}

async function openEmbeddedSide(directory: string, parts: OpenParts): Promise<UsageSide> {
  const { config, hooks } = parts
  try {
    return await startUsageSide(openEmbedded(directory), parts)
  } catch (error) {
    if (hooks.waitMs === undefined) throw error
    const begin = async () => {
      const fault = await engineFault(directory)
      if (fault !== null) throw fault
      return await startUsageSide(openEmbedded(directory), parts)
    }
    // What keeps the engine is not in the error, hence the second look at once.
    const opening = begin()
    const said = { absent: 'there are no reports', there: 'the usage store is open now' }
    return new LateUsageSide({ config, log: hooks.log, said, begin, opening, longestRetryMs: 60_000 })
  }
}

async function openServerSide(url: string, parts: OpenParts): Promise<UsageSide> {
  const { config, hooks } = parts
  const { log, waitMs } = hooks
  const begin = async () => await startUsageSide(openServer(url), parts)
  const opening = begin()
  const said = { absent: 'the ClickHouse server cannot be used', there: 'the ClickHouse server answers now' }
  const late = () => new LateUsageSide({ config, log, said, begin, opening, longestRetryMs: 10_000 })
  try {
    const side = await within(waitMs, opening)
    if (side !== null) return side
    log.warn('the ClickHouse server has not answered yet; calls are served and kept, and it is waited for')
    return late()
  } catch (error) {
    if (waitMs === undefined && !(error instanceof StoreFault && error.code === 'store_unreachable')) throw error
    return late()
  }
}
