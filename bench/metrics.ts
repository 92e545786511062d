import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closedLoop } from './lib/closed-loop.ts'
import { cpuSeconds, needWrk } from './lib/processes.ts'
import { startTollgate, startUpstream } from './lib/systems.ts'
import { number, table } from './lib/table.ts'
import { ports, targets } from './lib/targets.ts'

/**
 * What metrics and tracing cost: two gateways that are the same but that one of them counts and exports nothing, in turn,
 * at 64 connections. The other one is scraped every second, as OpenMetrics with exemplars, fifteen times as often as
 * Prometheus does it, and exports over OTLP, with one call in a hundred sampled.
 *
 *   npm run bench:metrics [-- --quick]
 */
const quick = process.argv.includes('--quick')
const seconds = quick ? 2 : 5
const rounds = quick ? 3 : 9

needWrk()
const upstream = await startUpstream()
let exports = 0
const collector = createServer((request, response) => {
  exports += 1
  request.resume().on('end', () => response.end())
})
await once(collector.listen(0, '127.0.0.1'), 'listening')
const { port: collectorPort } = collector.address() as AddressInfo
const counting = await startTollgate({ collector: `http://127.0.0.1:${collectorPort}` })
const uncounted = await startTollgate({ port: ports.uncounted, metrics: false })
const both = [targets.uncounted, targets.tollgate]
for (const target of both) await closedLoop(target, 64, quick ? 3 : 20)

const scrapesMs: number[] = []
const scraper = setInterval(() => void scrape(), 1_000)
const ratios: number[] = []
/** Seconds of processor time of a gateway for a request, round by round: what others do on the machine is not in it. */
const costs = new Map<string, number[]>(both.map(({ name }) => [name, []]))
const pids = new Map([
  [targets.tollgate.name, counting.pid],
  [targets.uncounted.name, uncounted.pid],
])
const rates = new Map<string, number[]>(both.map(({ name }) => [name, []]))
let errors = 0
for (let round = 0; round < rounds; round += 1) {
  const pair = new Map<string, number>()
  for (const target of round % 2 === 0 ? both : both.toReversed()) {
    const pid = pids.get(target.name) ?? 0
    const before = cpuSeconds(pid)
    const result = await closedLoop(target, 64, seconds)
    costs.get(target.name)?.push((cpuSeconds(pid) - before) / (result.requestsPerSecond * seconds))
    rates.get(target.name)?.push(result.requestsPerSecond)
    pair.set(target.name, result.requestsPerSecond)
    errors += result.errors
  }
  ratios.push((pair.get(targets.tollgate.name) ?? 0) / (pair.get(targets.uncounted.name) ?? 1))
}
clearInterval(scraper)
await counting.stop()
await uncounted.stop()
await upstream.stop()

async function scrape(): Promise<void> {
  const beganMs = performance.now()
  const headers = { accept: 'application/openmetrics-text;version=1.0.0' }
  await (await fetch(`http://127.0.0.1:${ports.tollgate}/metrics`, { headers })).arrayBuffer()
  scrapesMs.push(performance.now() - beganMs)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

const rows = [...rates].map(([name, values]) => {
  const micros = number(median(costs.get(name) ?? []) * 1e6)
  return [name, number(median(values)), number(Math.min(...values)), number(Math.max(...values)), micros]
})
const report = `# Metrics and tracing on and off

Measured by \`npm run bench:metrics\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}: 64 connections, the gateways on one core, everything else on the other, ${rounds} rounds of ${seconds} s in turn. Metrics are scraped once a second, and exported over OTLP with one call in a hundred traced.

${table(['system', 'requests/s, median', 'least', 'most', 'µs of processor a request, median'], rows)}

With metrics and tracing the gateway serves ${number(100 * median(ratios), 1)} % of the requests that it serves without (median of the rounds' ratios, ${number(100 * Math.min(...ratios), 1)} to ${number(100 * Math.max(...ratios), 1)} %). A scrape took ${number(median(scrapesMs), 1)} ms under this load (median of ${scrapesMs.length}). The collector was sent ${exports} exports. Errors: ${errors}.`
process.stdout.write(`${report}\n`)
if (!quick) writeFileSync(new URL('results/metrics.md', import.meta.url), `${report}\n`)
process.exit(0)
