import assert from 'node:assert/strict'
import { test } from 'node:test'
import { surviveKills } from './kills.ts'

/** `SEED=… node --test test/crash/kill.test.ts` runs it again, as far as the machine's own timing allows. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

test(`kill -9 of anything loses nothing that a client was told and doubles nothing, and the report says so (seed ${seed})`, async (t) => {
  const report = await surviveKills({ seed, kills: 6, callers: 12 })
  t.diagnostic(`seed ${seed}: ${report.whole} answered, ${report.interrupted} interrupted, of ${report.calls}`)
  assert.ok(report.whole > 20, 'the load was too small to tell anything')
  assert.ok(report.interrupted > 0, 'no kill met a running call')
})
