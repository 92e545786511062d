import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI from 'openai'
import { rawCall, rawPost } from '#test/support/raw-call.ts'
import { type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { callerSecret, type Stack, startStack } from '#test/support/stack.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const callerSpan = '00f067aa0ba902b7'
const sampled = `00-${traceId}-${callerSpan}-01`
const body = '{"model":"gpt-4.1","messages":[]}'
const fixed = ['host: gate', `authorization: Bearer ${callerSecret}`, 'content-type: application/json']

let upstream: RawUpstream
before(async () => {
  upstream = await startRawUpstream()
})
after(() => upstream.close())

/** The header lines about traces that the upstream got, as they stood on the wire. */
async function sentUpstream(stack: Stack, headers: readonly string[]): Promise<string[]> {
  const answer = await rawCall(stack.url, rawPost('/v1/chat/completions', [...fixed, ...headers], body))
  assert.match(answer, /^HTTP\/1.1 200/)
  const head = upstream.requests.at(-1)?.split('\r\n\r\n')[0] ?? ''
  return head.split('\r\n').filter((line) => /^(trace|bagg)/i.test(line))
}

describe('without telemetry', () => {
  let stack: Stack
  before(async () => {
    stack = await startStack({ upstream: upstream.url })
  })
  after(() => stack.stop())

  for (const headers of [
    [`traceparent: ${sampled}`, 'tracestate: a=1,b=2', 'baggage: user=x'],
    [`TraceParent: ${sampled}`, 'TRACESTATE: a=1', 'tracestate: b=2'],
    ['traceparent: what is this'],
    [],
  ]) {
    test(`what a caller says of its trace is passed on to the byte: ${headers.join(' | ')}`, async () => {
      assert.deepEqual(await sentUpstream(stack, headers), headers)
    })
  }

  test('nothing of it is in the journal', async () => {
    for (const entry of await stack.journal()) assert.equal(entry.trace, undefined)
  })
})

describe('with telemetry', () => {
  let stack: Stack
  before(async () => {
    stack = await startStack({ upstream: upstream.url, more: 'telemetry: {traces: {sample_ratio: 1}}' })
  })
  after(() => stack.stop())

  /** Of the latest call. */
  async function openEntry() {
    const opens = (await stack.journal()).filter((entry) => entry.kind === 'open')
    const last = opens.at(-1)
    assert.ok(last !== undefined)
    return last
  }

  async function settleEntry() {
    const last = (await stack.ledger()).at(-1)
    assert.ok(last !== undefined)
    return last
  }

  const continued: [what: string, value: string, flags: string][] = [
    ['sampled', sampled, '01'],
    ['with a random trace id', `00-${traceId}-${callerSpan}-03`, '03'],
    ['with flags nobody knows', `00-${traceId}-${callerSpan}-fd`, '01'],
    ['of a later version', `01-${traceId}-${callerSpan}-01-more`, '01'],
  ]
  for (const [what, value, flags] of continued) {
    test(`a caller's trace is continued, ${what}`, async () => {
      const sent = await sentUpstream(stack, [`traceparent: ${value}`, 'tracestate: a=1,b=2', 'tracestate: c=3'])
      const { trace } = await openEntry()
      assert.ok(trace !== undefined)
      assert.equal(trace.traceId, traceId)
      assert.equal(trace.parentSpanId, callerSpan)
      assert.match(trace.spanId, /^[0-9a-f]{16}$/)
      assert.notEqual(trace.spanId, callerSpan)
      assert.deepEqual(sent, [`traceparent: 00-${traceId}-${trace.spanId}-${flags}`, 'tracestate: a=1,b=2, c=3'])
    })
  }

  test('a trace that the caller does not sample is continued and not recorded', async () => {
    const [line, ...more] = await sentUpstream(stack, [`traceparent: 00-${traceId}-${callerSpan}-00`])
    assert.match(line ?? '', new RegExp(`^traceparent: 00-${traceId}-[0-9a-f]{16}-00$`))
    assert.ok(!line?.includes(callerSpan))
    assert.deepEqual(more, [])
    assert.equal((await openEntry()).trace, undefined)
  })

  const begun: [what: string, headers: string[]][] = [
    ['nothing', []],
    ['a state alone', ['tracestate: a=1']],
    ['capitals', [`traceparent: ${sampled.toUpperCase()}`, 'tracestate: a=1']],
    ['version ff', [`traceparent: ff-${traceId}-${callerSpan}-01`]],
    ['zeros', [`traceparent: 00-${'0'.repeat(32)}-${callerSpan}-01`, 'tracestate: a=1']],
    ['a span of zeros', [`traceparent: 00-${traceId}-${'0'.repeat(16)}-01`]],
    ['two headers', [`traceparent: ${sampled}`, `traceparent: ${sampled}`, 'tracestate: a=1']],
    ['an empty header', ['traceparent: ']],
  ]
  for (const [what, headers] of begun) {
    test(`a new trace begins where a caller says ${what}`, async () => {
      const sent = await sentUpstream(stack, headers)
      const { trace } = await openEntry()
      assert.ok(trace !== undefined)
      assert.notEqual(trace.traceId, traceId)
      assert.equal(trace.parentSpanId, '')
      assert.deepEqual(sent, [`traceparent: 00-${trace.traceId}-${trace.spanId}-01`])
    })
  }

  test('the settle entry of a call that went upstream says nothing of its trace', async () => {
    await sentUpstream(stack, [`traceparent: ${sampled}`])
    assert.equal((await settleEntry()).trace, undefined)
  })

  test('a refused call bears its trace itself: it has no open entry', async () => {
    const bad = body.replace('gpt-4.1', 'no-such-model')
    await rawCall(stack.url, rawPost('/v1/chat/completions', [...fixed, `traceparent: ${sampled}`], bad))
    const { outcome, trace } = await settleEntry()
    assert.equal(outcome, 'refused')
    assert.equal(trace?.traceId, traceId)
    assert.equal(trace?.parentSpanId, callerSpan)
  })

  test('what is dropped as of this connection only is still said anew', async () => {
    const sent = await sentUpstream(stack, [`traceparent: ${sampled}`, 'connection: traceparent, close'])
    const { trace } = await openEntry()
    assert.deepEqual(sent, [`traceparent: 00-${traceId}-${trace?.spanId}-01`])
  })

  test('no trace is sampled that begins here where none is asked for, and callers still decide of theirs', async () => {
    await stack.reload({ more: 'telemetry: {traces: {sample_ratio: 0}}' })
    const [line] = await sentUpstream(stack, [])
    assert.match(line ?? '', /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    assert.equal((await openEntry()).trace, undefined)
    await sentUpstream(stack, [`traceparent: ${sampled}`])
    assert.equal((await openEntry()).trace?.traceId, traceId)
  })
})

test('every attempt of a call, made by an official client, has the span of the call as its parent', async () => {
  const stack = await startStack({ more: 'telemetry: {traces: {sample_ratio: 0}}' })
  try {
    const client = new OpenAI({ apiKey: callerSecret, baseURL: `${stack.url}/v1`, maxRetries: 0 })
    await client.chat.completions.create(
      { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] },
      { headers: { traceparent: sampled, 'x-simulate': 'status=503 times=2' } },
    )
    const [open] = (await stack.journal()).filter((entry) => entry.kind === 'open')
    const answer = await fetch(`${stack.simulator.address}/_simulator/requests`)
    const { requests } = (await answer.json()) as { requests: { headers: Record<string, string> }[] }
    const sent = requests.map(({ headers }) => headers['traceparent'])
    assert.equal(sent.length, 3)
    for (const value of sent) assert.equal(value, `00-${traceId}-${open?.trace?.spanId}-01`)
  } finally {
    await stack.stop()
  }
})
