/**
 * How long after a call is settled a receiver hears of it: from the moment the settle entry is handed to the journal to
 * the first byte of the message at a webhook on loopback. The console is a process of its own, as under `serve`; the
 * journal is written here, at a steady pace of other calls.
 *
 *     node bench/alerts.ts [alerts] [calls a second beside them]
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passing } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock, systemTimers } from '#edge/system.ts'
import { openJournal } from '#store/journal/writer.ts'
import { spent } from '#test/alerts/entries.ts'

const alerts = Number(process.argv[2] ?? 500)
const callsPerSecond = Number(process.argv[3] ?? 200)
const betweenAlertsMs = 40

const directory = mkdtempSync(join(tmpdir(), 'tg-'))
const heard = new Map<string, number>()
const receiver = createServer((request, response) => {
  const atMs = performance.now()
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    for (const { labels } of JSON.parse(body).data.alerts) heard.set(labels.model, heard.get(labels.model) ?? atMs)
    response.end('ok')
  })
})
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
const dataDir = join(directory, 'data')
mkdirSync(join(dataDir, 'run'), { recursive: true })
const configPath = join(directory, 'tollgate.yaml')
writeFileSync(
  configPath,
  `data_dir: ${dataDir}
alerts:
  allow_private_urls: true
  receivers: [{name: hook, webhook: {url: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/", secret: bench}}]
  routes: [{receivers: [hook], group_by: [model], group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`,
)
const { journal } = await openJournal({
  ...{ dir: join(dataDir, 'journal'), fsync: 'group', groupMs: 5, segmentBytes: 67_108_864, minFreeBytes: 0 },
  ...{ clock: systemClock, timers: systemTimers },
})
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const env = { PATH: process.env['PATH'] ?? '', TOLLGATE_CONFIG: configPath, TOLLGATE_LOG_LEVEL: 'error' }
const child = spawn(process.execPath, [main, 'run', 'console'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
try {
  // The first one waits for the console to start; it does not count.
  await settle('first', 500)
  while (!heard.has('first')) await passing(10)
  await passing(3_000)
  const settledAt = await measure()
  const latencies = [...settledAt].map(([model, atMs]) => (heard.get(model) ?? Number.NaN) - atMs).sort((a, b) => a - b)
  const at = (share: number) =>
    (latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0).toFixed(1)
  process.stdout.write(
    `${alerts} alerts beside ${callsPerSecond} calls a second: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms from settling to the receiver's first byte\n`,
  )
} finally {
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  await journal.close()
  receiver.closeAllConnections()
  receiver.close()
  rmSync(directory, { recursive: true, force: true })
}

async function measure(): Promise<Map<string, number>> {
  const settledAt = new Map<string, number>()
  let others = 0
  let running = true
  const background = (async () => {
    for (; running && callsPerSecond > 0; await passing(Math.max(1, 1000 / callsPerSecond))) {
      await settle(`other-${others++}`, 1)
    }
  })()
  for (let n = 0; n < alerts; n++) {
    const model = `alert-${n}`
    settledAt.set(model, performance.now())
    await settle(model, 500)
    await passing(betweenAlertsMs)
  }
  while (heard.size <= alerts) await passing(10)
  running = false
  await background
  return settledAt
}

async function settle(model: string, outputTokens: number): Promise<void> {
  await journal.append(spent({ callId: `c-${model}`, atMs: Date.now(), model, outputTokens }))
}
