import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import { layRoad, makeGround } from '#compose/gateway/road.ts'
import { loadConfig } from '#config/load.ts'
import { BudgetBook } from '#core/budget/book.ts'
import { createKeyRing } from '#core/keys/ring.ts'
import { systemClock, systemTimers } from '#edge/system.ts'
import { BudgetDesk } from '#gateway/budgets/desk.ts'
import { AlertCount } from '#gateway/incoming/alert-count.ts'
import { CallMetrics } from '#gateway/metrics/call-metrics.ts'
import { LabelCaps } from '#gateway/metrics/label-caps.ts'
import { RoadCounts } from '#gateway/metrics/road-counts.ts'
import { takeCall } from '#gateway/pipeline.ts'
import { arrive } from '#gateway/request/arrival.ts'
import { globMatcher } from '#lib/glob.ts'
import { sameDigest, sha256Hex } from '#lib/secret.ts'
import type { AnswerSink, ClientExchange, PendingAnswer, RawHeaders, Upstream, UpstreamAnswer } from '#ports.ts'
import { openCatalog } from '#providers/catalog/catalog.ts'
import { matchEndpoint } from '#providers/endpoints.ts'
import { openJournal } from '#store/journal/writer.ts'
import { nestedBudgets } from './lib/nested-budgets.ts'
import { benchKey, targets } from './lib/targets.ts'

/**
 * What the road itself costs, without sockets: processor time of one plain call from its arrival to its last byte, with
 * keys, attribution, prices and the real journal, and as many nested budgets as the first argument says.
 *
 *   npm run bench:road [-- BUDGETS [--no-metrics]]      node --cpu-prof bench/road.ts
 */
const answerBody = Buffer.from(
  JSON.stringify({
    ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: 1_790_000_000, model: 'gpt-4.1-2025-04-14' },
    choices: [{ index: 0, message: { role: 'assistant', content: 'A short answer.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 21, completion_tokens: 12, total_tokens: 33, prompt_tokens_details: { cached_tokens: 0 } },
  }),
)

class FakeExchange implements ClientExchange {
  readonly method = 'POST'
  readonly path = '/v1/chat/completions'
  readonly query = ''
  readonly gone = false
  readonly started = false
  readonly headers: ClientExchange['headers']
  readonly rawHeaders: RawHeaders
  readonly #body: Buffer
  readonly #done: () => void
  constructor(headers: Record<string, string>, body: Buffer, done: () => void) {
    this.headers = headers
    this.rawHeaders = Object.entries(headers).flat()
    this.#body = body
    this.#done = done
  }
  readBody(): Buffer {
    return this.#body
  }
  bodyStream(): NodeJS.ReadableStream {
    throw new Error('not streamed here')
  }
  answer(): void {
    this.#done()
  }
  start(): void {}
  flushHead(): void {}
  write(): boolean {
    return true
  }
  end(): void {
    this.#done()
  }
  breakOff(): void {}
  onDrain(): void {}
  onTaken(run: () => void): void {
    run()
  }

  onGone(): void {}
}

class FakeAnswer implements PendingAnswer, UpstreamAnswer {
  readonly status = 200
  readonly headers = { 'content-type': 'application/json', 'x-request-id': 'req_bench' }
  readonly answer: Promise<UpstreamAnswer> = Promise.resolve(this)
  deliver(sink: AnswerSink): void {
    sink.bytes(answerBody)
    sink.end()
  }
  pause(): void {}
  resume(): void {}
  abort(): void {}
}

const upstream: Upstream = { send: () => new FakeAnswer() }
const dir = mkdtempSync(join(tmpdir(), 'tollgate-road-'))
const yaml = `
providers: [{name: openai, kind: openai, base_url: "http://127.0.0.1:1/v1", api_key: sk-proj-7he-5ecre7-0f-7he-bench-in-4s-many-charac7ers-as-a-real-one-has}]
keys: [{name: bench, key: ${benchKey}, attribution: {department: engineering, project: search, cost_center: cc_search}}]
${nestedBudgets(Number(process.argv[2] ?? 0))}`
const loaded = loadConfig({ env: { TOLLGATE_CONFIG: 'bench.yaml' }, cwd: dir, readFile: () => yaml })
if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
const book = new BudgetBook(loaded.config.budgets, globMatcher)
book.fold(book.pending(), Date.now()).adopt()
const desk = new BudgetDesk(book, { timers: systemTimers, refusalStatus: 402, holdWaitMs: 0 })
const alerts = new AlertCount(loaded.config.alerts.live)
const counts = new RoadCounts()
const metrics = new CallMetrics({ caps: new LabelCaps(loaded.config.metrics.labelValues), inputsOf: counts.inputsOf })
const { journal } = await openJournal({
  ...{ dir: join(dir, 'journal'), fsync: 'none', groupMs: 5, segmentBytes: 64 * 1024 * 1024, minFreeBytes: 1 },
  ...{ clock: systemClock, timers: systemTimers },
  onWritten: (entries) => {
    alerts.written(entries, desk.written(entries))
    if (!process.argv.includes('--no-metrics')) metrics.written(entries)
  },
})
const ring = createKeyRing({
  fromConfig: loaded.config.keys,
  stored: [],
  digest: sha256Hex,
  sameDigest,
  matcher: globMatcher,
})
const ground = makeGround({
  journal,
  keys: () => ring,
  catalog: await openCatalog(),
  estimator: { inputTokens: async () => 0, outputTokens: async () => 0, countText: async () => null },
  largeRequests: { read: () => Promise.reject(new Error('no body is large')) },
  budgets: desk,
  counts,
  promptHashSecret: 'bench',
  openPools: () => [upstream],
  onFault: (error) => {
    throw error
  },
})
const road = layRoad(loaded.config, ground, null)
const headers = {
  ...{ host: '127.0.0.1:4000', 'content-length': String(targets.tollgate.body.length) },
  ...targets.tollgate.headers,
}
const body = Buffer.from(targets.tollgate.body)

function oneCall(): Promise<void> {
  return new Promise((resolve) => {
    const exchange = new FakeExchange(headers, body, resolve)
    const match = matchEndpoint(exchange.method, exchange.path, exchange.headers)
    if (match !== null) void takeCall(road, arrive(road, exchange, match))
  })
}

interface Cost {
  readonly micros: number
  readonly bytes: number
}

async function run(calls: number, concurrent: number): Promise<Cost> {
  const allocated = allocatedBytes()
  const before = process.cpuUsage()
  let left = calls
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await oneCall()
    }
  }
  await Promise.all(Array.from({ length: concurrent }, worker))
  const used = process.cpuUsage(before)
  return { micros: (used.user + used.system) / calls, bytes: (allocatedBytes() - allocated) / calls }
}

function allocatedBytes(): number {
  return getHeapStatistics().total_allocated_bytes
}

await run(20_000, 16)
for (const concurrent of [1, 16, 64]) {
  const figures = []
  for (let round = 0; round < 3; round += 1) figures.push(await run(20_000, concurrent))
  const micros = Math.min(...figures.map((cost) => cost.micros)).toFixed(1)
  const bytes = Math.min(...figures.map((cost) => cost.bytes)).toFixed(0)
  process.stdout.write(`${concurrent} at once: ${micros} µs of processor time and ${bytes} bytes of heap a call\n`)
}
await journal.close()
rmSync(dir, { recursive: true, force: true })
