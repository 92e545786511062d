import { formatPico } from '#core/money/usd-text.ts'
import { surviveKills } from './kills.ts'

/** `npm run crash [kills] [seed]`: the long run of kill.test.ts, with a table at its end. */
const kills = Number(process.argv[2] ?? 50)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const startedMs = performance.now()

process.stdout.write(`${kills} times kill -9 under load, seed ${seed}\n`)
const report = await surviveKills({
  seed,
  kills,
  callers: 24,
  onKill: (done) => process.stderr.isTTY && process.stderr.write(`\r${done} of ${kills}`),
})
const rows: readonly (readonly [string, string | number])[] = [
  ...Object.entries(report.kills).map(([victim, count]) => [`kills of ${victim}`, count] as const),
  ['… while starting', report.killsWhileStarting],
  ['calls', report.calls],
  ['answered whole, booked as billed', report.whole],
  ['not told to the end, booked as billed', report.exactUntold],
  ['interrupted, estimated and marked', report.interrupted],
  ['… never got to the provider', report.neverBilled],
  ['cost in ledger and report (USD)', formatPico(report.costUsd)],
  ['seconds', ((performance.now() - startedMs) / 1000).toFixed(0)],
]
for (const [name, value] of rows) process.stdout.write(`${name.padEnd(40)} ${String(value).padStart(16)}\n`)
process.stdout.write(report.verified)
