import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenLaws } from './laws.ts'
import { planRun } from './plan.ts'
import { RoadWorks } from './road.ts'
import { run } from './run.ts'
import { knownSeeds } from './seeds.ts'

const works = await RoadWorks.prepare()

/** `SEED=123 node --test test/simulation/road.test.ts` runs one seed, `RUNS=100000` so many new ones. */
const given = process.env['SEED']
const firstSeed = given === undefined ? Math.floor(Date.now() / 1000) * 1000 : Number(given)
const runs = given === undefined ? Number(process.env['RUNS'] ?? 2_000) : 1

async function check(seed: number): Promise<Record<string, number>> {
  const plan = planRun(seed)
  const result = await run(plan, works)
  const wrong = brokenLaws(result)
  assert.deepEqual(wrong, [], `SEED=${seed}\n${given === undefined ? '' : JSON.stringify(plan, null, 1)}`)
  const met: Record<string, number> = { died: Number(result.died) }
  for (const entry of result.entries) if (entry.kind === 'settle') met[entry.outcome] = (met[entry.outcome] ?? 0) + 1
  return met
}

test('every seed that once broke a law holds it now', async () => {
  for (const seed of knownSeeds) await check(seed)
})

test(`random roads, from seed ${firstSeed} on: the ledger is right whatever fails, leaves, stops or dies`, async (t) => {
  const met: Record<string, number> = {}
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    for (const [name, count] of Object.entries(await check(seed))) met[name] = (met[name] ?? 0) + count
  }
  t.diagnostic(`${runs} runs: ${JSON.stringify(met)}`)
  if (runs < 1_000) return
  for (const outcome of ['served', 'failed', 'cancelled', 'refused', 'interrupted', 'died']) {
    assert.ok((met[outcome] ?? 0) > 5, `hardly ever ${outcome}: the plans have lost their point`)
  }
})
