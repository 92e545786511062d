import { writeFileSync } from 'node:fs'
import { closedLoop } from './lib/closed-loop.ts'
import { needWrk } from './lib/processes.ts'
import { startTollgate, startUpstream } from './lib/systems.ts'
import { number, table } from './lib/table.ts'
import { ports, targets } from './lib/targets.ts'

/**
 * What ten nested budgets cost, each with a limit for the day and one for the month, all of them about every call: two
 * gateways that are the same but for that, in turn, at 64 connections.
 */
const seconds = 5
const rounds = 7

needWrk()
const upstream = await startUpstream()
const without = await startTollgate()
const budgeted = await startTollgate({ port: ports.budgets, budgets: 10 })
const both = [targets.tollgate, targets.budgets]
for (const target of both) await closedLoop(target, 64, 20)

const rates = new Map<string, number[]>(both.map(({ name }) => [name, []]))
let errors = 0
for (let round = 0; round < rounds; round += 1) {
  for (const target of round % 2 === 0 ? both : both.toReversed()) {
    const result = await closedLoop(target, 64, seconds)
    rates.get(target.name)?.push(result.requestsPerSecond)
    errors += result.errors
  }
}
await budgeted.stop()
await without.stop()
await upstream.stop()

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rows = [...rates].map(([name, values]) => {
  return [name, number(median(values)), number(Math.min(...values)), number(Math.max(...values))]
})
const [plain = 0, held = 0] = [...rates.values()].map(median)
const report = `# Ten budgets on every call

Measured by \`npm run bench:budgets\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}: 64 connections, the gateways on one core, everything else on the other, ${rounds} rounds of ${seconds} s in turn.

${table(['system', 'requests/s, median', 'least', 'most'], rows)}

With ten budgets (20 limits) the gateway serves ${number((100 * held) / plain, 1)} % of the requests that it serves without. Errors: ${errors}.`
process.stdout.write(`${report}\n`)
writeFileSync(new URL('results/budgets.md', import.meta.url), `${report}\n`)
process.exit(0)
