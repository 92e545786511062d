import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as passing } from 'node:timers/promises'
import fc from 'fast-check'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openJournal } from '#store/journal/writer.ts'
import { askSums } from '#store/usage/sums.ts'
import { settleEntries } from './entries.ts'
import { engineUnderTest, isOverServer } from './fixture.ts'
import { naiveSums } from './naive-sums.ts'

// A server takes its time to come back.
const kills = isOverServer() ? 6 : 20
// Two months, so that inserts go to two partitions.
const range = { fromMs: Date.UTC(2026, 4, 1), toMs: Date.UTC(2026, 6, 1) }
const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? Date.now() % 1_000_000)

test(`${kills} kills at random moments lose nothing and double nothing, roll-ups included (seed ${seed})`, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-kill-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const engine = await engineUnderTest(join(dataDir, 'clickhouse'))
  t.after(() => engine.stop())
  const { journal } = await openJournal({
    dir: join(dataDir, 'journal'),
    fsync: 'none',
    groupMs: 2,
    segmentBytes: 200_000,
    minFreeBytes: 0,
    clock: systemClock,
    timers: systemTimers,
  })
  const templates = fc.sample(settleEntries(range.fromMs, range.toMs), { numRuns: 200, seed })
  const delays = fc.sample(fc.integer({ min: 0, max: 250 }), { numRuns: kills, seed })
  const written: SettleEntry[] = []
  let repairs = 0
  for (const [round, delayMs] of delays.entries()) {
    const child = ingestingChild(dataDir, engine.url)
    child.on('message', (said) => {
      if (repairedRows(said) > 0) repairs++
    })
    const gone = once(child, 'exit')
    const begun = once(child, 'message')
    let ended = false
    const writing = writeUntil(() => ended)
    await begun
    await passing(delayMs)
    if (round % 2 === 1) await engine.crash()
    child.kill('SIGKILL')
    await gone
    ended = true
    await writing
  }
  const last = ingestingChild(dataDir, engine.url)
  await once(last, 'message')
  last.send('finish')
  const [code] = await once(last, 'exit')
  assert.equal(code, 0)
  await journal.close()
  t.diagnostic(`${written.length} calls, ${repairs} inserts made good`)

  const database = engine.open()
  const question = { range, groupBy: [], filters: [], timezone: 'UTC', percentiles: true, maxRows: 1 }
  for (const basis of ['records', 'hourly'] as const) {
    const { total } = await askSums(database, question, { source: basis, incompleteBeforeMs: null })
    const { latencyMs, ...sums } = total
    assert.ok(latencyMs)
    assert.deepEqual(sums, naiveSums(written), basis)
  }
  await database.close()

  async function writeUntil(stop: () => boolean): Promise<void> {
    for (let turn = 0; !stop(); turn++) {
      const burst = templates.slice((turn * 7) % 150, ((turn * 7) % 150) + 1 + (turn % 40))
      await Promise.all(burst.map((template) => append(template)))
      await passing(10)
    }
  }

  async function append(template: SettleEntry): Promise<void> {
    const entry = { ...template, call: { ...template.call, callId: crypto.randomUUID() } }
    await journal.append(entry)
    written.push(entry)
  }
})

function ingestingChild(dataDir: string, url: string): ChildProcess {
  return fork(new URL('./ingest-child.ts', import.meta.url), [dataDir, url], { stdio: 'inherit' })
}

function repairedRows(said: unknown): number {
  if (typeof said !== 'object' || said === null || !('verified' in said)) return 0
  const { records = 0, hourlyRecords = 0 } = said.verified as { records?: number; hourlyRecords?: number }
  return records + hourlyRecords
}
