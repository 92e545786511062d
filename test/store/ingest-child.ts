import { join } from 'node:path'
import { systemClock, systemTimers } from '#edge/system.ts'
import { Ingester } from '#store/ingest/ingester.ts'
import { openFollower } from '#store/journal/reader.ts'
import { openEmbedded, openServer } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'
import { quietLog } from './fixture.ts'

/** An ingesting process that can be killed. Says when it has begun; told to finish, it catches up and ends in order. */
const [dataDir = '', url = ''] = process.argv.slice(2)
const database = url === '' ? openEmbedded(join(dataDir, 'clickhouse')) : openServer(url)
const store = await openUsageStore(database, { recordsDays: 10_000, clock: systemClock })
const ingester = await Ingester.open({
  database,
  storeId: store.storeId,
  journalId: 'killed',
  openSource: (position) => openFollower({ dir: join(dataDir, 'journal'), position }),
  directory: join(dataDir, 'ingest'),
  clock: systemClock,
  timers: systemTimers,
  log: {
    ...quietLog,
    info: (facts) => process.send?.({ verified: facts }),
    error: (facts) => process.send?.({ facts }),
  },
})
ingester.start()
process.send?.('begun')
process.once('message', () => {
  void (async () => {
    await ingester.caughtUp()
    await ingester.stop()
    await database.close()
    process.disconnect?.()
  })()
})
