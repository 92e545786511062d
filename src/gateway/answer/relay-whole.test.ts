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
  const road = {
    clock: { wallMs: () => 0, monotonicMs: () => nowMs++ },
    answerBodyBytes: 1000,
    heldAnswers: { whole: () => {} },
  } as unknown as Road
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

/** An answer of 200,000 bytes for which there is room when `says` resolves so. */
async function held(says: Promise<boolean> | boolean) {
  const asked: number[] = []
  const did: string[] = []
  const large = Buffer.from(JSON.stringify({ model: 'm', text: 'x'.repeat(200_000) }))
  let sink: AnswerSink | null = null
  const road = {
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    answerBodyBytes: 1_000_000,
    heldAnswers: {
      grow(_call: object, _keyId: string, bytes: number) {
        asked.push(bytes)
        return says
      },
      whole: () => {},
    },
  } as unknown as Road
  const open = {
    arrival: { callId: 'c', exchange: { gone: false }, match: { endpoint: 'chat.completions' } },
    caller: { key: { id: 'k' } },
    call: { endpoint: 'chat.completions' },
    route: { upstream: { accent: {}, secret: new UpstreamSecret('sk-upstream-1') } },
  } as OpenCall
  const answer = {
    ...{ status: 200, headers: {} },
    deliver: (to: AnswerSink) => {
      sink = to
    },
    pause: () => did.push('pause'),
    resume: () => did.push('resume'),
  } as UpstreamAnswer
  const upstream = { abort: () => did.push('abort') }
  const whole = { answer, upstream, answeredAtMs: 0, contentType: 'application/json', encoding: null }
  const delivery = relayWhole(road, open, whole)
  const to = sink as AnswerSink | null
  assert.ok(to !== null)
  for (let at = 0; at < large.length; at += 50_000) {
    to.bytes(large.subarray(at, at + 50_000))
    await says
  }
  to.end()
  const { held, fault } = await delivery
  return { asked, did, whole: held.equals(large), fault: fault?.message ?? null }
}

test('a large answer asks for room as it grows, and its provider waits where there is none', async () => {
  const asked = [100_000, 200_000]
  assert.deepEqual(await held(true), { asked, did: [], whole: true, fault: null })
  const did = ['pause', 'resume', 'pause', 'resume']
  assert.deepEqual(await held(Promise.resolve(true)), { asked, did, whole: true, fault: null })
})

test('a large answer for which no room comes is given up', async () => {
  const { fault, ...given } = await held(Promise.resolve(false))
  assert.deepEqual(given, { asked: [100_000], did: ['pause', 'abort'], whole: false })
  assert.match(fault ?? '', /held_answers_bytes/)
})
