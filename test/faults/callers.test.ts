import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { ask, assertSound, impatient, readAll, recordOf } from './asking.ts'

const limits =
  'limits: {read_after_disconnect_ms: 400, read_after_disconnect_bytes: 20000, request_body_bytes: 4194304}'

let stack: Stack

/** The calls that have come to the provider. */
const asked = new Set<unknown>()
const onAsked = (message: unknown): void => {
  const { request } = message as { readonly request: IncomingMessage }
  const { port } = new URL(stack.simulator.address)
  if (request.socket.localPort === Number(port)) asked.add(request.headers['x-simulate-id'])
}

before(async () => {
  subscribe('http.server.request.start', onAsked)
  stack = await startStack({ providers: impatient.replaceAll(', first_byte: 250, idle: 250', ''), more: limits })
})
after(async () => {
  await assertSound(stack)
  await stack.stop()
  unsubscribe('http.server.request.start', onAsked)
})

/** Leaves once the provider has the call and, where wanted, so much of the answer has come. */
async function leave(wishes: string, stream: boolean, afterChars: number): Promise<string> {
  const leaving = new AbortController()
  const { id, response } = ask(stack, { wishes, stream, signal: leaving.signal })
  const gone = response.then(
    async (got) => {
      const decoder = new TextDecoder()
      let text = ''
      try {
        for await (const chunk of got.body ?? []) {
          text += decoder.decode(chunk, { stream: true })
          if (text.length >= afterChars) leaving.abort()
        }
      } catch {
        // As intended.
      }
    },
    () => undefined,
  )
  if (afterChars === 0) {
    await until('the provider to have the call', () => asked.has(id))
    leaving.abort()
  }
  await gone
  return id
}

const left: readonly (readonly [name: string, wishes: string, stream: boolean, afterChars: number, exact: boolean])[] =
  [
    ['while a plain answer is made, which ends in time', 'ttft=150 tps=1000', false, 0, true],
    ['before the head of a stream, which ends in time', 'ttft=150 tps=1000 tokens=20', true, 0, true],
    ['in the middle of a stream, which ends in time', 'ttft=5 tps=500 tokens=60', true, 500, true],
    ['while a plain answer is made, which takes too long', 'ttft=60000', false, 0, false],
    ['before the head of a stream that never comes', 'stall=before-headers', true, 0, false],
    ['in the middle of a stream that takes too long', 'ttft=5 tps=100 tokens=3000', true, 2000, false],
    ['in the middle of a stream that is too large', 'ttft=5 tps=20000 tokens=5000 cut=100 drip=1', true, 500, false],
  ]

for (const [name, wishes, stream, afterChars, exact] of left) {
  test(`a caller leaves ${name}`, async () => {
    const id = await leave(wishes, stream, afterChars)
    const entry = await recordOf(stack, id)
    assert.ok(entry.marks.includes('client_left'))
    if (exact) {
      const billed = stack.bill().findLast(({ requestHint }) => requestHint === id)
      assert.deepEqual([entry.outcome, entry.usageSource], ['served', 'provider'])
      assert.deepEqual(
        [entry.tokens.output, entry.cost.totalPicoUsd],
        [billed?.counts.outputTokens, billed?.costPicoUsd],
      )
    } else {
      assert.deepEqual([entry.outcome, entry.usageSource, entry.errorCode], ['cancelled', 'estimated', 'client_left'])
      assert.ok(entry.tokens.input > 0 && entry.cost.totalPicoUsd > 0n)
      if (afterChars > 0) assert.ok(entry.tokens.output > 0)
    }
  })
}

test('200 streams at once, without a lost event', async () => {
  const alone = ask(stack, { stream: true, wishes: 'tokens=40 tps=200 ttft=5' })
  const expected = (await readAll(await alone.response)).text.split('\n\n').length
  const calls = Array.from({ length: 200 }, () => ask(stack, { stream: true, wishes: 'tokens=40 tps=200 ttft=5' }))
  const texts = await Promise.all(calls.map(async ({ response }) => (await readAll(await response)).text))
  for (const text of texts) {
    assert.equal(text.split('\n\n').length, expected)
    assert.ok(text.endsWith('data: [DONE]\n\n'))
  }
  const ids = new Set(calls.map(({ id }) => id))
  const entries = (await stack.ledger()).filter(({ call }) => ids.has(call.requestId))
  const billed = new Map(stack.bill().map((line) => [line.requestHint, line.costPicoUsd]))
  assert.equal(entries.length, 200)
  for (const entry of entries) assert.equal(entry.cost.totalPicoUsd, billed.get(entry.call.requestId))
})
