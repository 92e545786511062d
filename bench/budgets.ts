import { writeFileSync } from 'node:fs'
import { needWrk } from './lib/processes.ts'
import { sideBySide } from './lib/side-by-side.ts'
import { startTollgate, startUpstream } from './lib/systems.ts'
import { ports, targets } from './lib/targets.ts'

/** What ten nested budgets cost, all of them about every call: two gateways that are the same but for that. */
const rounds = 9
const seconds = 5

needWrk()
const upstream = await startUpstream()
const without = await startTollgate()
const budgeted = await startTollgate({ port: ports.budgets, budgets: 10 })
const found = await sideBySide(
  [
    { target: targets.tollgate, gateway: without },
    { target: targets.budgets, gateway: budgeted },
  ],
  { rounds, seconds, warmUpSeconds: 20 },
)
await budgeted.stop()
await without.stop()
await upstream.stop()

const report = `# Ten budgets on every call

Measured by \`npm run bench:budgets\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}: 64 connections, the gateways on one core, everything else on the other, ${rounds} rounds of ${seconds} s in turn.

${found.table}

With ten budgets, of one limit each, the gateway serves of the requests that it serves without: ${found.percent}. Errors: ${found.errors}.`
process.stdout.write(`${report}\n`)
writeFileSync(new URL('results/budgets.md', import.meta.url), `${report}\n`)
process.exit(0)
