import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import { openJournal } from '#store/journal/writer.ts'
import { openEntry } from '#test/journal/entries.ts'
import { journalOptions } from '#test/journal/journals.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A provider of batches whose every answer is the test's. */
class Provider {
  readonly answers = new Map<string, Handler>()
  readonly seen: IncomingMessage[] = []
  readonly #server: Server = createServer((request, response) => {
    this.seen.push(request)
    request.resume()
    const answer = this.answers.get(`${request.method} ${request.url}`)
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    assert.ok(address !== null && typeof address === 'object')
    return `http://127.0.0.1:${address.port}`
  }

  json(line: string, body: unknown): void {
    this.answers.set(line, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

const output = '/v1/files/file-out/content'

async function start(more = ''): Promise<{ provider: Provider; stack: Stack }> {
  const provider = new Provider()
  const upstream = await provider.start()
  ends.push(() => provider.stop())
  const providers = `  - {name: openai, kind: openai, base_url: "${upstream}/v1", api_key: k, retries: {max: 0}}`
  const stack = await startStack({ providers, more })
  ends.push(() => stack.stop())
  provider.json('POST /v1/batches', { id: 'batch_1', object: 'batch', status: 'validating', output_file_id: null })
  provider.json('GET /v1/batches/batch_1', finished)
  provider.answers.set(`GET ${output}`, (_, response) => sendResults(response))
  return { provider, stack }
}

const finished = { id: 'batch_1', object: 'batch', status: 'completed', output_file_id: 'file-out' }

const octets = { 'content-type': 'application/octet-stream' }

function line(inputTokens: number): string {
  const usage = { prompt_tokens: inputTokens, completion_tokens: 5, total_tokens: inputTokens + 5 }
  const body = { object: 'chat.completion', model: 'gpt-4.1', usage, choices: [] }
  return `${JSON.stringify({ custom_id: 'a', response: { status_code: 200, body } })}\n`
}

const results = Buffer.from(line(100) + line(200))

function sendResults(response: ServerResponse): void {
  response.writeHead(200, octets).end(results)
}

async function call(stack: Stack, method: string, path: string, more: Readonly<Record<string, string>> = {}) {
  const body = method === 'POST' ? { body: '{"input_file_id":"file-in"}' } : {}
  const headers = { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json', ...more }
  const answer = await fetch(`${stack.url}${path}`, { method, headers, ...body })
  return { status: answer.status, text: await answer.text() }
}

async function order(stack: Stack): Promise<void> {
  assert.equal((await call(stack, 'POST', '/v1/batches')).status, 200)
  assert.equal((await call(stack, 'GET', '/v1/batches/batch_1')).status, 200)
}

async function batchRecords(stack: Stack): Promise<SettleEntry[]> {
  return (await stack.ledger()).filter(({ marks }) => marks.includes('batch'))
}

async function checkBooked(stack: Stack): Promise<void> {
  const records = await batchRecords(stack)
  assert.deepEqual(
    records.map(({ outcome, tokens }) => [outcome, tokens.input, tokens.output]),
    [['served', 300, 10]],
  )
}

test('whoever reads a part of the results does not close the batch', async () => {
  const { provider, stack } = await start()
  await order(stack)
  provider.answers.set(`GET ${output}`, ({ headers }, response) => {
    if (headers.range !== undefined) response.writeHead(206, octets).end(results.subarray(0, 1))
    else if (headers['if-none-match'] !== undefined) response.writeHead(304).end()
    else sendResults(response)
  })
  await call(stack, 'GET', output, { range: 'bytes=0-0' })
  await call(stack, 'GET', output, { 'if-none-match': '"x"' })
  await call(stack, 'GET', output)
  await checkBooked(stack)
})

test('a provider that sends a part unasked has not sent the results', async () => {
  const { provider, stack } = await start()
  await order(stack)
  for (const status of [204, 206, 302, 304]) {
    provider.answers.set(`GET ${output}`, (_, response) => response.writeHead(status, octets).end())
    await call(stack, 'GET', output)
  }
  assert.deepEqual(await batchRecords(stack), [])
  provider.answers.set(`GET ${output}`, (_, response) => sendResults(response))
  await call(stack, 'GET', output)
  await checkBooked(stack)
})

test('results that come compressed, or as JSON, are read', async () => {
  const zipped = await start()
  await order(zipped.stack)
  zipped.provider.answers.set(`GET ${output}`, (_, response) => {
    response.writeHead(200, { ...octets, 'content-encoding': 'gzip' }).end(gzipSync(results))
  })
  assert.equal((await call(zipped.stack, 'GET', output)).text, results.toString())
  await checkBooked(zipped.stack)

  const named = await start()
  await order(named.stack)
  named.provider.answers.set(`GET ${output}`, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(results)
  })
  assert.equal((await call(named.stack, 'GET', output)).text, results.toString())
  await checkBooked(named.stack)
})

test('a list of batches tells where their results will be', async () => {
  const { provider, stack } = await start()
  assert.equal((await call(stack, 'POST', '/v1/batches')).status, 200)
  provider.json('GET /v1/batches', { object: 'list', data: [{ id: 'batch_0', object: 'batch' }, finished] })
  await call(stack, 'GET', '/v1/batches')
  await call(stack, 'GET', output)
  await checkBooked(stack)
})

test('results that break off book nothing, and are booked when they are read again', async () => {
  const { provider, stack } = await start()
  await order(stack)
  provider.answers.set(`GET ${output}`, (_, response) => {
    response.writeHead(200, { ...octets, 'content-length': results.length })
    response.write(results.subarray(0, results.length - 20), () => response.destroy())
  })
  await assert.rejects(call(stack, 'GET', output))
  assert.deepEqual(await batchRecords(stack), [])
  provider.answers.set(`GET ${output}`, (_, response) => sendResults(response))
  await call(stack, 'GET', output)
  await checkBooked(stack)
})

test('results that are deleted while they are read are booked', async () => {
  const { provider, stack } = await start()
  await order(stack)
  provider.json('DELETE /v1/files/file-out', { id: 'file-out', object: 'file', deleted: true })
  const begun = Promise.withResolvers<ServerResponse>()
  provider.answers.set(`GET ${output}`, (_, response) => {
    response.writeHead(200, octets)
    response.write(results.subarray(0, 10), () => begun.resolve(response))
  })
  const reading = call(stack, 'GET', output)
  const response = await begun.promise
  await call(stack, 'DELETE', '/v1/files/file-out')
  response.end(results.subarray(10))
  await reading
  await checkBooked(stack)
})

test('results of many requests are booked to the last one', async () => {
  const { provider, stack } = await start()
  await order(stack)
  const count = 150_000
  const many = Buffer.from(line(1).repeat(count))
  provider.answers.set(`GET ${output}`, (_, response) => response.writeHead(200, octets).end(many))
  assert.equal((await call(stack, 'GET', output)).text.length, many.length)
  const [record, ...more] = await batchRecords(stack)
  assert.ok(record !== undefined && more.length === 0)
  assert.deepEqual([record.tokens.input, record.tokens.output], [count, count * 5])
})

test("an address that is no text is the caller's fault", async () => {
  const { stack } = await start()
  const { status, text } = await call(stack, 'GET', '/v1/files/%ZZ/content')
  assert.ok(status >= 400 && status < 500, `${status} ${text}`)
})

const dayMs = 24 * 60 * 60 * 1000

test('what was ordered before a price changed is billed at the price of its order, whenever it is fetched', async () => {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const price = (from: number, perMtok: string) =>
    `  - {provider: openai, model: "gpt-4.1", from: ${dayOf(from)}, input_per_mtok: "${perMtok}", output_per_mtok: "0"}`
  const atMs = Date.now() - 4 * dayMs
  const prices = [price(atMs - 2 * dayMs, '10'), price(atMs + 2 * dayMs, '1000')]
  const { provider, stack } = await start(['prices:', ...prices].join('\n'))
  await stack.stopGateway()
  const { journal } = await openJournal(journalOptions(join(stack.dataDir, 'journal')))
  const batch = openEntry('batch')
  const ordered = {
    ...batch.call,
    startedAtMs: atMs,
    endpoint: 'batches' as const,
    modelRouted: '',
    modelRequested: '',
  }
  await journal.append({ ...batch, call: ordered, estimatedInputTokens: 0, responseId: 'file-out' })
  const job = openEntry('job')
  const begun = { ...job.call, startedAtMs: atMs, endpoint: 'responses' as const }
  await journal.append({ ...job, call: begun, responseId: 'resp_1' })
  await journal.close()
  await stack.startGateway()
  const usage = { input_tokens: 1_000_000, output_tokens: 1, total_tokens: 1_000_001 }
  provider.json('GET /v1/responses/resp_1', { id: 'resp_1', status: 'completed', model: 'gpt-4.1', output: [], usage })
  await call(stack, 'GET', '/v1/responses/resp_1')
  await call(stack, 'GET', output)
  const records = (await stack.ledger()).filter(
    ({ marks }) => marks.includes('batch') || marks.includes('background_job'),
  )
  assert.deepEqual(
    records.map(({ call: { callId }, cost }) => [callId, formatUsd(cost.totalPicoUsd)]),
    [
      ['job', '10.000000000000'],
      // 300 tokens at the list's standard rates: the override names none for batches.
      ['batch', '0.003000000000'],
    ],
  )
})

test('a batch of 30 days ago is booked as one whose results nobody fetched', async () => {
  const { stack } = await start()
  await order(stack)
  await stack.stopGateway()
  const old = openEntry('old')
  const atMs = Date.now() - 31 * dayMs
  const { journal } = await openJournal(journalOptions(join(stack.dataDir, 'journal')))
  const facts = { ...old.call, startedAtMs: atMs, endpoint: 'batches' as const, modelRouted: '', modelRequested: '' }
  await journal.append({ ...old, call: facts, estimatedInputTokens: 0, responseId: 'batch_old' })
  await journal.close()
  await stack.startGateway()
  const records = await batchRecords(stack)
  assert.deepEqual(
    records.map(({ call: { callId }, outcome, errorCode, marks, usageSource, cost }) => {
      return [callId, outcome, errorCode, marks, usageSource, cost.unpriced]
    }),
    [['old', 'cancelled', 'result_not_fetched', ['batch'], 'none', false]],
  )
})
