import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { askConsole } from '#edge/console/client.ts'
import { Console } from './console.ts'

const costs = '/api/v1/reports/costs'

test('a store that cannot be opened keeps nobody from anything but reports, and is opened once it can be', async (t) => {
  const console = await Console.open(t)
  await console.call(2)
  await console.start()
  await console.shows({ tollgate_ingest_lag_records: 0 })
  await console.stop()
  const store = join(console.dataDir, 'clickhouse')
  renameSync(store, `${store}.whole`)
  mkdirSync(join(store, 'metadata'), { recursive: true })
  writeFileSync(join(store, 'metadata', 'tollgate.sql'), 'damaged')

  await console.start()
  await console.call(1)
  await console.shows({ tollgate_ingest_lag_records: 1, tollgate_ingest_stopped: 1, tollgate_store_up: 0 })
  assert.equal((await askConsole(console.adminSocket, '/api/v1/alerts'))?.status, 200)
  await console.says(/there are no reports: the usage store in \S+ cannot be opened: Code: 62.*may be moved away/)
  const report = await askConsole(console.adminSocket, costs)
  assert.equal(report?.status, 503)
  const { code, detail } = JSON.parse(report.body)
  assert.equal(code, 'store_unreachable')
  assert.match(detail, /Syntax error \(in file metadata\/tollgate\.sql\)/)

  rmSync(store, { recursive: true })
  renameSync(`${store}.whole`, store)
  await console.shows({ tollgate_ingest_lag_records: 0, tollgate_ingest_stopped: 0, tollgate_store_up: 1 })
  const mended = await askConsole(console.adminSocket, `${costs}?fresh=true`)
  assert.equal(JSON.parse(mended?.body ?? '{}').total.requests, 3)
  assert.equal(console.log.split('it is tried again').length - 1, 1)
})

test('a store of a newer version keeps nobody from anything but reports', async (t) => {
  const console = await Console.open(t)
  await console.start()
  await console.stop()
  await console.storeRuns(
    "INSERT INTO tollgate.schema_migrations (number, name, digest) SELECT 9999, '9999-later', 'of a later version'",
  )
  await console.start()
  assert.equal((await askConsole(console.adminSocket, '/api/v1/alerts'))?.status, 200)
  await console.says(/there are no reports: .*9999-later.* is not known to this version/)
  const report = await askConsole(console.adminSocket, costs)
  assert.equal(report?.status, 503)
  assert.match(report.body, /9999-later/)
})
