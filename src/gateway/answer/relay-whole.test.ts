import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerSink, UpstreamAnswer } from '#ports.ts'
import type { OpenCall } from '../open-call.ts'
import type { Road } from '../road.ts'
import { UpstreamSecret } from './hide-secret.ts'
import { relayWhole } from './relay-whole.ts'

const body = Buffer.from('{"model":"m"}')

/** Of a call that is answered at 100: what its delivery says came when, if each reading of the clock is 1 more. */
async function times(deliver: (sink: AnswerSink) => void): Promise<(number | null)[]> {
  let nowMs = 200
  const road = { clock: { wallMs: () => 0, monotonicMs: () => nowMs++ }, answerBodyBytes: 1000 } as Road
  const open = {
    arrival: { exchange: { gone: false }, match: { endpoint: 'chat.completions' } },
    call: { endpoint: 'chat.completions' },
    route: { upstream: { accent: {}, secret: new UpstreamSecret('sk-upstream-1') } },
  } as OpenCall
  const answer = { status: 200, headers: {}, deliver } as UpstreamAnswer
  const upstream = { abort: () => {} }
  const whole = { answer, upstream, answeredAtMs: 100, contentType: 'application/json', encoding: null }
  const { held, firstByteAtMs, upstreamEndedAtMs } = await relayWhole(road, open, whole)
  assert.deepEqual(held, body)
  return [firstByteAtMs, upstreamEndedAtMs]
}

test('what comes with the head of an answer came when that did', async () => {
  const found = await times((sink) => {
    sink.bytes(body)
    sink.end()
  })
  assert.deepEqual(found, [100, 100])
})

test('what comes later came when it did', async () => {
  const inParts = await times((sink) => {
    sink.bytes(body.subarray(0, 4))
    queueMicrotask(() => {
      sink.bytes(body.subarray(4))
      sink.end()
    })
  })
  assert.deepEqual(inParts, [100, 200])
  const afterIt = await times((sink) =>
    queueMicrotask(() => {
      sink.bytes(body)
      sink.end()
    }),
  )
  assert.deepEqual(afterIt, [200, 201])
})
