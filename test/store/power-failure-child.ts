import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { systemClock, systemTimers } from '#edge/system.ts'
import { Ingester } from '#store/ingest/ingester.ts'
import { openFollower } from '#store/journal/reader.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEmbedded } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'
import { until } from '#test/support/until.ts'
import { settleEntries } from './entries.ts'
import { quietLog } from './fixture.ts'

/**
 * A console whose store is on a disk of its own. `fill` brings some calls into it, in several inserts, `merge` has the
 * engine make one part of them, `cut` takes the disk its power away, and this process with it, `count` says what is there.
 */
const [dataDir = '', ...steps] = process.argv.slice(2)
const clickhouse = join(dataDir, 'clickhouse')
const inserts = 3
const callsOfInsert = 40

/** Of a table: what was merged is removed within a second. */
const hurry = 'cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 1'

/** `EXT4_IOC_SHUTDOWN` without flushing the log: what the kernel has not written by now never gets to the disk. */
const shutDown =
  'my $how = pack "I", 2; open my $disk, "<", $ARGV[0] or die $!; ioctl $disk, 0x8004587d, $how or die $!'

const database = openEmbedded(clickhouse)
const store = await openUsageStore(database, { recordsDays: 10_000, clock: systemClock })
const ingester = await Ingester.open({
  database,
  storeId: store.storeId,
  journalId: 'cut',
  openSource: (position) => openFollower({ dir: join(dataDir, 'journal'), position }),
  directory: join(dataDir, 'ingest'),
  clock: systemClock,
  timers: systemTimers,
  log: quietLog,
})
ingester.start()
for (const step of steps) {
  if (step === 'fill') await fill()
  if (step === 'merge') await merge()
  if (step === 'cut') await cut()
  if (step === 'count') await count()
}
await ingester.stop()
await database.close()

async function fill(): Promise<void> {
  const { journal } = await openJournal({
    dir: join(dataDir, 'journal'),
    ...{ fsync: 'each', groupMs: 2, segmentBytes: 67_108_864, minFreeBytes: 0 },
    ...{ clock: systemClock, timers: systemTimers },
  })
  const calls = fc.sample(settleEntries(Date.UTC(2026, 4, 1), Date.UTC(2026, 4, 20)), inserts * callsOfInsert)
  for (let at = 0; at < calls.length; at += callsOfInsert) {
    await Promise.all(calls.slice(at, at + callsOfInsert).map((entry) => journal.append(entry)))
    await ingester.caughtUp()
  }
  await journal.close()
}

async function merge(): Promise<void> {
  for (const table of ['tollgate.usage', 'tollgate.usage_hourly']) {
    await database.command(`OPTIMIZE TABLE ${table} FINAL`)
    await database.command(`ALTER TABLE ${table} MODIFY SETTING ${hurry}`)
    await database.command(`DETACH TABLE ${table} SYNC`)
    await database.command(`ATTACH TABLE ${table}`)
  }
  await until('what was merged to be removed', async () => {
    const left = await database.select(
      "SELECT name FROM system.parts WHERE database = 'tollgate' AND table LIKE 'usage%' AND NOT active",
    )
    return left.length === 0
  })
}

async function cut(): Promise<void> {
  // Writes down how far it came, on the disk that stays.
  await ingester.stop()
  execFileSync('perl', ['-e', shutDown, clickhouse])
  process.kill(process.pid, 'SIGKILL')
}

async function count(): Promise<void> {
  await ingester.caughtUp()
  const [row] = await database.selectForWriter(
    `SELECT toUInt32((SELECT count() FROM tollgate.usage)) AS records,
            toUInt32((SELECT sum(requests) FROM tollgate.usage_hourly)) AS hourly`,
  )
  process.stdout.write(`${JSON.stringify(row)}\n`)
}
