import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownSeeds } from './seeds.ts'
import { runWorld } from './world.ts'

/** `SEED=123 node --test test/budget-laws/laws.test.ts` runs one world; `npm run laws -- 5000000 123` so many steps. */
const given = process.env['SEED']
const firstSeed = given === undefined ? Math.floor(Date.now() / 1000) * 1000 : Number(given)
const worlds = given === undefined ? 700 : 1
const steps = 150

function run(seed: number): ReadonlyMap<string, number> {
  try {
    return runWorld(seed, steps)
  } catch (cause) {
    throw new Error(`SEED=${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

test('every seed that once broke a law of budgets holds it now', () => {
  for (const seed of knownSeeds) assert.doesNotThrow(() => run(seed))
})

test(`random worlds, from seed ${firstSeed} on: budgets hold whatever comes, jumps, changes or dies`, (t) => {
  const met: Record<string, number> = {}
  for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
    for (const [what, count] of run(seed)) met[what] = (met[what] ?? 0) + count
  }
  t.diagnostic(`${worlds} worlds of ${steps} steps: ${JSON.stringify(met)}`)
  if (worlds === 1) return
  const rare = [
    'budget',
    'limited',
    'not_ready',
    'rerouted',
    'extended',
    'not extended',
    'restored',
    'forgotten',
    'kept',
  ]
  for (const what of rare) assert.ok((met[what] ?? 0) > 50, `hardly ever ${what}: the worlds have lost their point`)
})
