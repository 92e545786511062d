import assert from 'node:assert/strict'
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ingestFindings } from '#compose/commands/doctor.ts'
import { askConsole } from '#edge/console/client.ts'
import { readConsoleMetrics } from '#edge/console/metrics.ts'
import { until } from '#test/support/until.ts'
import { Console } from './console.ts'

/** In the order of its life: the engine is bound to one directory in a process. */
test('what a console tells of its ingester, while the store takes records, refuses them, and takes them again', async (t) => {
  const console = await Console.open(t)
  await console.call(5)
  // Opened, and running: nothing to wait for.
  await console.start()
  await console.shows({
    tollgate_ingest_lag_records: 0,
    tollgate_ingest_lag_seconds: 0,
    tollgate_ingest_records_total: 5,
    tollgate_ingest_batches_total: 1,
    tollgate_ingest_insert_seconds_count: 1,
    tollgate_store_insert_failures_total: 0,
    tollgate_ingest_quarantined_total: 0,
    tollgate_ingest_stopped: 0,
    tollgate_store_up: 1,
  })

  // Where the rows of an insert are put down for the engine.
  const intake = join(console.dataDir, 'clickhouse.intake')
  rmSync(intake, { recursive: true, force: true })
  writeFileSync(intake, 'in the way')
  await console.call(3, { atMs: Date.now() - 60_000 })
  await console.shows({ tollgate_ingest_lag_records: 3, tollgate_ingest_stopped: 1, tollgate_store_up: 0 })
  const first = await console.samples()
  assert.ok((first.get('tollgate_ingest_lag_seconds') ?? 0) >= 60)
  await console.call(4)
  await console.shows({ tollgate_ingest_lag_records: 7, tollgate_ingest_records_total: 5 })
  const failures = (await console.samples()).get('tollgate_store_insert_failures_total') ?? 0
  assert.ok(failures >= 1)
  await until('another try', async () => {
    const samples = await console.samples()
    const more = (samples.get('tollgate_store_insert_failures_total') ?? 0) > failures
    const longer = (samples.get('tollgate_ingest_lag_seconds') ?? 0) > (first.get('tollgate_ingest_lag_seconds') ?? 0)
    return more && longer ? true : null
  })
  const api = await askConsole(console.adminSocket, '/api/v1/ingest')
  const said = JSON.parse(api?.body ?? '')
  assert.equal(said.lag_records, 7)
  assert.ok(said.lag_seconds >= 60)
  assert.equal(said.status, 'stopped')
  const [finding] = await ingestFindings(console.dataDir, true)
  assert.equal(finding?.verdict, 'fault')
  assert.match(finding.text, /7 wait, the oldest for \d+ s/)

  rmSync(intake)
  await console.shows({
    tollgate_ingest_lag_records: 0,
    tollgate_ingest_lag_seconds: 0,
    tollgate_ingest_records_total: 12,
    tollgate_ingest_stopped: 0,
    tollgate_store_up: 1,
  })

  await t.test('a checkpoint that cannot be written stops ingesting, and is no fault of the store', async () => {
    const draft = join(console.dataDir, 'ingest', 'checkpoint.json.tmp')
    const before = (await console.samples()).get('tollgate_store_insert_failures_total')
    mkdirSync(draft)
    await console.call(2)
    await console.shows({ tollgate_ingest_lag_records: 2, tollgate_ingest_stopped: 1, tollgate_store_up: 1 })
    assert.equal((await console.samples()).get('tollgate_store_insert_failures_total'), before)
    rmdirSync(draft)
    await console.shows({ tollgate_ingest_lag_records: 0, tollgate_ingest_stopped: 0 })
  })

  await t.test('what can be no record is counted, and does not wait', async () => {
    await console.stop()
    const quarantined = join(console.dataDir, 'ingest', 'quarantine.jsonl')
    writeFileSync(quarantined, '{"blockNo":900000,"entryNo":0,"reason":"of an earlier life","line":""}\n')
    await console.start()
    // Of all times in the API, of this process in the counter.
    await console.shows({ tollgate_ingest_quarantined_total: 0, tollgate_ingest_lag_records: 0 })
    const answer = await askConsole(console.adminSocket, '/api/v1/ingest')
    assert.equal(JSON.parse(answer?.body ?? '').quarantined, 1)
  })

  await t.test('they are told on admin.sock alone', async () => {
    const other = join(console.dataDir, 'run', 'console.sock')
    assert.equal(await readConsoleMetrics(other, 5_000), null)
    assert.equal((await askConsole(other, '/metrics'))?.status, 404)
  })

  await t.test('runtime and process are those of this role', async () => {
    const metrics = await console.metrics()
    const own = metrics.filter(({ name }) => /^(process|nodejs)_/.test(name) && name !== 'nodejs_gc_duration_seconds')
    assert.ok(own.length > 10)
    for (const { name, values } of own) {
      for (const { labels } of values) assert.equal(labels['role'], 'console', name)
    }
  })

  await t.test('counts begin anew with the process', async () => {
    await console.stop()
    await console.call(2)
    await console.start()
    await console.shows({ tollgate_ingest_lag_records: 0, tollgate_ingest_stopped: 0 })
    // What was in the store before the stop need not be brought in again.
    assert.equal((await console.samples()).get('tollgate_ingest_records_total'), 2)
  })
})
