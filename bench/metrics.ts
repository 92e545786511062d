import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { needWrk } from './lib/processes.ts'
import { median, sideBySide } from './lib/side-by-side.ts'
import { startTollgate, startUpstream } from './lib/systems.ts'
import { number } from './lib/table.ts'
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
const scrapesMs: number[] = []
const scraper = setInterval(() => void scrape(), 1_000)
const found = await sideBySide(
  [
    { target: targets.uncounted, gateway: uncounted },
    { target: targets.tollgate, gateway: counting },
  ],
  { rounds, seconds, warmUpSeconds: quick ? 3 : 20 },
)
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

const report = `# Metrics and tracing on and off

Measured by \`npm run bench:metrics\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}: 64 connections, the gateways on one core, everything else on the other, ${rounds} rounds of ${seconds} s in turn. Metrics are scraped once a second, and exported over OTLP with one call in a hundred traced.

${found.table}

With metrics and tracing the gateway serves of the requests that it serves without: ${found.percent}. A scrape took ${number(median(scrapesMs), 1)} ms under this load (median of ${scrapesMs.length}). The collector was sent ${exports} exports. Errors: ${found.errors}.`
process.stdout.write(`${report}\n`)
if (!quick) writeFileSync(new URL('results/metrics.md', import.meta.url), `${report}\n`)
process.exit(0)
