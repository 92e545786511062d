import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamFault } from '#ports.ts'
import { createStreamMeter } from '#providers/answers/stream-meter.ts'
import { noReading } from '../answer/delivery.ts'
import { estimatedUsage, reportedUsage } from './count-usage.ts'
import type { EndedCall } from './end-call.ts'

/** An answer of which nothing could be read before its connection broke off. */
function broken(status: number): EndedCall {
  return {
    open: { arrival: { match: { metered: true } }, call: { endpoint: 'responses' }, ask: { facts: {} } },
    answer: { status },
    attempts: [],
    delivery: { reading: noReading, fault: new UpstreamFault('reset', 'the connection broke off') },
  } as unknown as EndedCall
}

test('only an answer that is one has used anything, also where it broke off', () => {
  assert.equal(reportedUsage(broken(200)), null, 'to be estimated')
  for (const status of [300, 304, 307, 399, 400, 500]) {
    assert.deepEqual(reportedUsage(broken(status)), { usage: null, source: 'none' }, `${status}`)
  }
})

test('an error before any output costs what the provider had counted by then, and nothing where that was nothing', async () => {
  const start = { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 50, output_tokens: 1 } }
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  const failed = (message: object): EndedCall => {
    const meter = createStreamMeter({ api: 'messages', dropUsageChunk: false })
    for (const event of [{ type: 'message_start', message }, error])
      meter.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
    const { open, delivery, ...rest } = broken(200)
    const messages = { ...open, call: { ...open.call, endpoint: 'messages' as const } }
    return { ...rest, open: messages, delivery: { ...delivery, fault: null, reading: meter.reading() } }
  }
  assert.deepEqual(reportedUsage(failed({ ...start, usage: {} })), { usage: null, source: 'none' })
  const counted = failed(start)
  assert.equal(reportedUsage(counted), null, 'to be estimated')
  const estimator = {
    inputTokens: () => Promise.resolve(7),
    outputTokens: () => Promise.resolve(0),
    countText: () => Promise.resolve(null),
  }
  const { usage, source } = await estimatedUsage(estimator, counted)
  assert.deepEqual([usage?.inputTokens, usage?.outputTokens, source], [50, 0, 'estimated'])
})

test('what broke off after a report of passes is of one pass more', async () => {
  const meter = createStreamMeter({ api: 'messages', dropUsageChunk: false })
  const passes = [
    { type: 'compaction', input_tokens: 100, output_tokens: 10 },
    { type: 'message', input_tokens: 50, output_tokens: 10 },
  ]
  const events = [
    { type: 'message_start', message: { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 50 } } },
    { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 10, iterations: passes } },
    { type: 'content_block_delta', delta: { text: 'x'.repeat(500) } },
  ]
  for (const event of events) meter.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
  meter.end()
  const ended = broken(200)
  const { open, delivery } = ended
  const messages = { ...open, call: { ...open.call, endpoint: 'messages' as const } }
  const cut = { ...ended, open: messages, delivery: { ...delivery, reading: meter.reading() } }
  assert.equal(reportedUsage(cut), null)
  const estimator = {
    inputTokens: () => Promise.resolve(0),
    outputTokens: (text: string) => Promise.resolve(text.length),
    countText: () => Promise.resolve(null),
  }
  const { usage } = await estimatedUsage(estimator, cut)
  assert.deepEqual(
    usage?.iterations?.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
    [
      [100, 10],
      [50, 10],
      [undefined, 480],
    ],
  )
  assert.equal(usage?.outputTokens, 500)
})
