import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRawUpstream } from '#test/support/raw-upstream.ts'
import { startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { ask, readAll } from './asking.ts'

test('after a fault that nobody took what is under way is booked, and its callers are told', async () => {
  const upstream = await startRawUpstream()
  const stack = await startStack({ upstream: upstream.url })
  try {
    const event = 'data: {"model":"gpt-4.1-mini","choices":[{"index":0,"delta":{"content":"Once upon a time "}}]}\n\n'
    upstream.answers(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${event.repeat(20)}`)
    const streamed = ask(stack, { stream: true })
    const begun = await streamed.response
    upstream.answers('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{')
    const whole = ask(stack)
    await until('both to be under way', () => upstream.requests.length === 2)
    await stack.abandonGateway()
    const ledger = await stack.ledger()
    assert.deepEqual(
      ledger.map(({ outcome, usageSource }) => [outcome, usageSource]),
      [
        ['interrupted', 'estimated'],
        ['interrupted', 'estimated'],
      ],
    )
    const output = ledger.map(({ tokens }) => tokens.output).sort((a, b) => b - a)
    assert.ok(Number(output[0]) >= 60, `what had come counts: ${output[0]}`)
    assert.match((await readAll(begun)).text, /interrupted/)
    assert.equal((await whole.response).status, 503)
  } finally {
    await stack.stop()
    await upstream.close()
  }
})
