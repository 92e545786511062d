import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EndpointName } from '#core/ledger/entry.ts'
import { createBatchMeter } from './batch-results.ts'

const messages = [
  {
    custom_id: 'a',
    result: {
      type: 'succeeded',
      message: {
        id: 'msg_1',
        type: 'message',
        model: 'claude-haiku-4-5-20251001',
        content: [{ type: 'text', text: 'Grüße,\nalle' }],
        usage: { input_tokens: 11, cache_read_input_tokens: 5, output_tokens: 7, service_tier: 'batch' },
      },
    },
  },
  { custom_id: 'b', result: { type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error' } } } },
  { custom_id: 'c', result: { type: 'expired' } },
]
const completions = [
  {
    id: 'batch_req_1',
    custom_id: 'a',
    response: {
      status_code: 200,
      body: {
        object: 'chat.completion',
        model: 'gpt-4.1-mini-2025-04-14',
        choices: [],
        usage: { prompt_tokens: 20, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
      },
    },
    error: null,
  },
  {
    custom_id: 'b',
    response: {
      status_code: 200,
      body: { object: 'response', model: 'o3', usage: { input_tokens: 9, output_tokens: 8 } },
    },
  },
  {
    custom_id: 'c',
    response: { status_code: 200, body: { object: 'list', model: 'e', data: [], usage: { prompt_tokens: 6 } } },
  },
  { custom_id: 'd', response: { status_code: 400, body: { error: { message: 'no', code: 'x' }, usage: {} } } },
  { custom_id: 'e', response: null, error: { code: 'batch_expired' } },
]

function read(pieces: readonly Buffer[], ordered: EndpointName | null = null) {
  const meter = createBatchMeter(ordered)
  const out = pieces.map((piece) => meter.push(piece))
  out.push(meter.end())
  assert.deepEqual(Buffer.concat(out), Buffer.concat(pieces), 'all of it is passed on')
  const { requests = [], unreadLines = 0 } = meter.reading().results ?? {}
  const told = requests.map(({ model, usage }) => [model, usage.inputTokens, usage.outputTokens])
  return { told, requests, unreadLines }
}
const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n')

test('what each message of a batch used, those that failed left out', () => {
  const { told, requests } = read([Buffer.from(`${lines(messages)}\n`)])
  assert.deepEqual(told, [['claude-haiku-4-5-20251001', 16, 7]])
  assert.deepEqual([requests[0]?.usage.cachedInputTokens, requests[0]?.usage.serviceTier], [5, 'batch'])
})

test('what each request of an OpenAI batch used, whichever API it was for', () => {
  const { told, requests } = read([Buffer.from(lines(completions))])
  assert.deepEqual(told, [
    ['gpt-4.1-mini-2025-04-14', 20, 3],
    ['o3', 9, 8],
    ['e', 6, 0],
  ])
  assert.equal(requests[0]?.usage.cachedInputTokens, 4)
  assert.deepEqual(
    requests.map(({ endpoint }) => endpoint),
    ['chat.completions', 'responses', 'embeddings'],
  )
})

test('the results are the same however the bytes are cut', () => {
  const bytes = Buffer.from(`${lines([...messages, ...completions])}\r\n\n`)
  const whole = read([bytes])
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
      const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
      assert.deepEqual(read(at.slice(1).map((end, n) => bytes.subarray(at[n], end))), whole)
    }),
  )
})

test('lines that are no JSON, or too long, are counted and passed on', () => {
  const good = JSON.stringify(messages[0])
  const { told, unreadLines } = read([
    Buffer.from(`{"a":\n`),
    Buffer.alloc(17 * 1024 * 1024, 'x'),
    Buffer.from(`\n${good}`),
  ])
  assert.equal(told.length, 1)
  assert.equal(unreadLines, 2)
})
