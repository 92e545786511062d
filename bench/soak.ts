import { writeFileSync } from 'node:fs'
import { closedLoop } from './lib/closed-loop.ts'
import { needWrk, residentMb } from './lib/processes.ts'
import { startTollgate, startUpstream } from './lib/systems.ts'
import { number, table } from './lib/table.ts'
import { benchKey, ports, targets } from './lib/targets.ts'

/**
 * A million calls, or as many as the first argument says: does the gateway's memory stay where it is, and does every
 * call stand in the ledger at the end?
 */
const wanted = Number(process.argv[2] ?? 1_000_000)
const stepSeconds = 10

needWrk()
const upstream = await startUpstream()
const tollgate = await startTollgate()
await closedLoop(targets.tollgate, 64, 3)

const rows: string[][] = []
let calls = 0
while (calls < wanted) {
  const { requestsPerSecond, errors } = await closedLoop(targets.tollgate, 64, stepSeconds)
  calls += Math.round(requestsPerSecond * stepSeconds)
  const memoryMb = residentMb(tollgate.pid)
  rows.push([number(calls), number(requestsPerSecond), number(memoryMb, 1), number(errors)])
  process.stderr.write(`${number(calls)} calls, ${number(memoryMb)} MB\n`)
}
const booked = await bookedCalls()
await tollgate.stop()
await upstream.stop()

const report = `# A million calls

Measured by \`npm run bench:soak\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}: 64 connections, the gateway on one core, everything else on the other.

${table(['calls', 'requests/s', 'resident MB', 'errors'], rows)}

The journal has ${number(booked.journal)} settled calls, the store ${number(booked.store)}, ${number(booked.waitSeconds)} s after the last call.`
process.stdout.write(`${report}\n`)
if (calls >= 1_000_000) writeFileSync(new URL('results/soak.md', import.meta.url), `${report}\n`)

/** Waits until the store has all that the gateway counted. */
async function bookedCalls() {
  const base = `http://127.0.0.1:${ports.tollgate}`
  const metrics = await (await fetch(`${base}/metrics`)).text()
  const counted = [...metrics.matchAll(/^tollgate_calls_total\{.*\} (\d+)$/gm)]
  const journal = counted.reduce((sum, [, calls]) => sum + Number(calls), 0)
  const beganMs = performance.now()
  for (;;) {
    const answer = await fetch(`${base}/v1/dashboard/costs`, { headers: { authorization: `Bearer ${benchKey}` } })
    const { by_model: models } = (await answer.json()) as { by_model: { input_tokens: number }[] }
    const store = models.reduce((sum, model) => sum + model.input_tokens, 0) / 21
    const waitSeconds = (performance.now() - beganMs) / 1000
    if (store >= journal || waitSeconds > 120) return { journal, store, waitSeconds }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
