/**
 * How many records a second the console brings from a journal on disk into the embedded store: reading and checking
 * the segments, decoding, making rows, inserting records and roll-ups, checkpoints included.
 *
 *     node bench/ingest.ts [calls]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallFacts, SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd, zeroUsd } from '#core/money/pico-usd.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { Ingester } from '#store/ingest/ingester.ts'
import { openFollower } from '#store/journal/reader.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEmbedded } from '#store/usage/client.ts'
import { openUsageStore } from '#store/usage/store.ts'

const calls = Number(process.argv[2] ?? 200_000)
const startedAtMs = Date.now()
const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))

try {
  await writeJournal(calls)
  const { seconds, cpuSeconds } = await ingest()
  const memoryMb = Math.round(process.memoryUsage().rss / 1e6)
  process.stdout.write(
    `${calls} records in ${seconds.toFixed(2)} s: ${Math.round(calls / seconds)} records a second; ${cpuSeconds.toFixed(2)} s of processor time, ${memoryMb} MB resident\n`,
  )
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}

async function ingest(): Promise<{ seconds: number; cpuSeconds: number }> {
  const database = openEmbedded(join(dataDir, 'clickhouse'))
  const store = await openUsageStore(database, { recordsDays: 90, clock: systemClock })
  const ingester = await Ingester.open({
    database,
    storeId: store.storeId,
    journalId: 'bench',
    openSource: (position) => openFollower({ dir: join(dataDir, 'journal'), position }),
    directory: join(dataDir, 'ingest'),
    clock: systemClock,
    timers: systemTimers,
    log: { info: () => undefined, warn: () => undefined, error: (facts) => console.error(facts) },
  })
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  ingester.start()
  await ingester.caughtUp()
  const seconds = (performance.now() - startedMs) / 1000
  const cpu = process.cpuUsage(startedCpu)
  await ingester.stop()
  const { total } = await store.sums({
    range: { fromMs: 0, toMs: Date.now() + 60_000 },
    groupBy: [],
    filters: [],
    timezone: 'UTC',
    percentiles: false,
    maxRows: 1,
  })
  if (total.requests !== String(calls)) throw new Error(`${total.requests} records are in the store, not ${calls}`)
  await database.close()
  return { seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 }
}

async function writeJournal(count: number): Promise<void> {
  const { journal } = await openJournal({
    dir: join(dataDir, 'journal'),
    fsync: 'none',
    groupMs: 5,
    segmentBytes: 67_108_864,
    minFreeBytes: 0,
    clock: systemClock,
    timers: systemTimers,
  })
  for (let at = 0; at < count; at += 20) {
    const block: Promise<void>[] = []
    for (let i = at; i < Math.min(count, at + 20); i++) {
      const call = factsOf(i)
      block.push(journal.append({ kind: 'open', call, estimatedInputTokens: 900 }), journal.append(settleOf(call, i)))
    }
    await Promise.all(block)
  }
  await journal.close()
}

function factsOf(i: number): CallFacts {
  return {
    callId: `01K${String(i).padStart(23, '0')}`,
    requestId: `01K${String(i).padStart(23, '0')}`,
    // A thousand calls a second end, in an order that is not the one in which they began.
    startedAtMs: startedAtMs - calls + i - latencyMsOf(i),
    payer: {
      department: `department-${i % 12}`,
      project: `project-${i % 60}`,
      costCenter: `cc_${i % 40}`,
      userId: `user-${i % 5000}`,
      sessionId: `session-${i % 20_000}`,
      featureFlag: '',
      requestPath: '/assistant/answer',
      tags: { environment: 'production', team: `team-${i % 20}` },
    },
    keyId: `key_${i % 30}`,
    vendor: 'openai',
    upstream: 'openai',
    modelRequested: ['gpt-4.1', 'gpt-4.1-mini', 'claude-sonnet-4-5'][i % 3] ?? '',
    modelRouted: ['gpt-4.1', 'gpt-4.1-mini', 'claude-sonnet-4-5'][i % 3] ?? '',
    endpoint: 'chat.completions',
    stream: i % 2 === 0,
    promptHash: 'a2cb0a2b7f206267e9df32c0eb0228f8',
  }
}

function settleOf(call: CallFacts, i: number): SettleEntry {
  const [input, output] = [picoUsd(2_000_000n * BigInt(900 + (i % 300))), picoUsd(8_000_000n * BigInt(200 + (i % 90)))]
  const total = picoUsd(input + output)
  return {
    kind: 'settle',
    call,
    endedAtMs: call.startedAtMs + latencyMsOf(i),
    outcome: 'served',
    modelServed: call.modelRouted,
    usageSource: 'provider',
    tokens: {
      input: 900 + (i % 300),
      cachedInput: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: 200 + (i % 90),
      reasoning: 0,
      inputAudio: 0,
      outputAudio: 0,
      inputImage: 0,
      outputImage: 0,
    },
    units: {},
    cost: {
      inputPicoUsd: input,
      cachedInputPicoUsd: zeroUsd,
      cacheWritePicoUsd: zeroUsd,
      outputPicoUsd: output,
      otherPicoUsd: zeroUsd,
      totalPicoUsd: total,
      priceVersion: 'catalog/openai/gpt-4.1/2025-04-14/standard',
      unpriced: false,
      billingCurrency: 'USD',
      billingPicoAmount: total,
      providerStatedPicoUsd: null,
    },
    marks: [],
    latencyMs: latencyMsOf(i),
    timeToFirstTokenMs: 350,
    overheadMs: 0.21,
    statusCode: 200,
    errorCode: '',
    errorMessage: '',
    attempts: [{ startedAfterMs: 0.15, durationMs: 1199, status: 200, errorCode: '' }],
    cacheHit: false,
  }
}

function latencyMsOf(i: number): number {
  return 300 + ((i * 7919) % 6007)
}
