import { runWorld } from './world.ts'

/** `npm run laws [steps] [seed]`: the long run of laws.test.ts. Ends with 1 and the seed at the first law that breaks. */
const steps = Number(process.argv[2] ?? 1_000_000)
const firstSeed = Number(process.argv[3] ?? Date.now() % 1_000_000_000)
const stepsPerWorld = 150
const worlds = Math.ceil(steps / stepsPerWorld)
const startedMs = performance.now()
const met = new Map<string, number>()

process.stdout.write(`${worlds} worlds of ${stepsPerWorld} steps, from seed ${firstSeed} on\n`)
for (let index = 0; index < worlds; index++) {
  const seed = firstSeed + index
  try {
    for (const [what, count] of runWorld(seed, stepsPerWorld)) met.set(what, (met.get(what) ?? 0) + count)
  } catch (error) {
    process.stderr.write(`\nSEED=${seed} node --test test/budget-laws/laws.test.ts\n`)
    throw error
  }
  if (process.stderr.isTTY && index % 100 === 0) process.stderr.write(`\r${index} of ${worlds}`)
}
const seconds = Math.round((performance.now() - startedMs) / 1000)
const rows: readonly (readonly [string, number])[] = [...met, ['seconds', seconds]]
for (const [what, count] of rows) process.stdout.write(`${what.padEnd(20)} ${String(count).padStart(12)}\n`)
