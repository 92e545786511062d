import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Reading } from '#providers/meter.ts'
import type { AnswerSource } from './formats.ts'
import { createStreamMeter } from './stream-meter.ts'

const event = (json: unknown): string => `data: ${JSON.stringify(json)}\n\n`
const delta = (content: string): unknown => ({ id: 'c1', model: 'm', choices: [{ index: 0, delta: { content } }] })
const finish = { id: 'c1', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const usageChunk = { id: 'c1', model: 'm', choices: [], usage }
const done = 'data: [DONE]\n\n'

interface Passed {
  readonly out: string
  readonly reading: Reading
  readonly ending: boolean
}

function pass(
  stream: Buffer,
  cuts: readonly number[],
  dropUsageChunk: boolean,
  api: AnswerSource['api'] = 'chat.completions',
): Passed {
  const meter = createStreamMeter({ api, dropUsageChunk })
  const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b)
  const out = [0, ...places].map((from, index) => meter.push(stream.subarray(from, places[index] ?? stream.length)))
  out.push(meter.end())
  return { out: Buffer.concat(out).toString('latin1'), reading: meter.reading(), ending: meter.ending }
}

const cuts = fc.array(fc.nat(2000), { maxLength: 12 })

suite('the usage chunk that only the gateway asked for', () => {
  const before = `: hello\n\n${event(delta('Hi'))}${event(delta(' é'))}${event(finish)}`

  test('is left out, and nothing else, however the stream is cut', () => {
    const stream = Buffer.from(before + event(usageChunk) + done)
    const expected = Buffer.from(before + done).toString('latin1')
    for (let at = 0; at <= stream.length; at += 1) {
      const { out, reading } = pass(stream, [at], true)
      assert.equal(out, expected, `cut at ${at}`)
      assert.equal(reading.usage?.outputTokens, 2)
    }
    fc.assert(
      fc.property(cuts, (at) => assert.equal(pass(stream, at, true).out, expected)),
      { numRuns: 500 },
    )
  })

  test('is left out with CRLF, and with nothing after it', () => {
    const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'))
    const stream = crlf(before + event(usageChunk) + done)
    for (let at = 0; at <= stream.length; at += 1) {
      assert.equal(pass(stream, [at], true).out, crlf(before + done).toString('latin1'))
    }
    const open = Buffer.from(before + event(usageChunk).trimEnd())
    for (let at = 0; at <= open.length; at += 1) {
      assert.equal(pass(open, [at], true).out, Buffer.from(before).toString('latin1'))
    }
  })

  test('passes where it carries a choice, an error, no usage, or anything else', () => {
    const others = [
      { ...finish, usage },
      { id: '', choices: [], prompt_filter_results: [] },
      { choices: [], usage: null },
      { choices: [], usage, error: { message: 'no' } },
      { choices: [], usage, citations: ['https://example.com'] },
      { choices: [], usage, moderation: { flagged: false } },
    ]
    for (const other of others) {
      const stream = Buffer.from(before + event(other) + done)
      fc.assert(
        fc.property(cuts, (at) => assert.equal(pass(stream, at, true).out, stream.toString('latin1'))),
        { numRuns: 50 },
      )
    }
  })

  test('is left out with all that every chunk has, and with what says nothing', () => {
    const around = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', service_tier: 'default' }
    const chunk = {
      ...around,
      system_fingerprint: 'fp',
      obfuscation: 'x',
      provider: 'P',
      citations: [],
      error: null,
      timings: { predicted_ms: 9 },
      time_info: { queue_time: 0.1 },
    }
    const stream = Buffer.from(before + event({ ...chunk, choices: [], usage }) + done)
    assert.equal(pass(stream, [], true).out, Buffer.from(before + done).toString('latin1'))
  })

  test('passes where the client asked for it', () => {
    const stream = Buffer.from(before + event(usageChunk) + done)
    assert.equal(pass(stream, [], false).out, stream.toString('latin1'))
  })

  test('an uncut chunk of whole events is given back as the very same buffer', () => {
    const meter = createStreamMeter({ api: 'chat.completions', dropUsageChunk: true })
    const chunk = Buffer.from(event(delta('a')) + event(delta('b')))
    assert.equal(meter.push(chunk), chunk)
  })

  test('an event too large to be held goes through, and the chunk after it is still left out', () => {
    const large = event(delta('x'.repeat(17 * 1024 * 1024)))
    const stream = Buffer.from(large + event(usageChunk) + done)
    const { out, reading } = pass(stream, [1000, 9_000_000, 17_500_000], true)
    assert.ok(out === large + done)
    assert.equal(reading.unreadEvents, 1)
    assert.equal(reading.usage?.inputTokens, 3)
  })
})

test('an element of an array that is too large to be read counts as unread, as an event does', () => {
  const meter = createStreamMeter({ api: 'generateContent', dropUsageChunk: false })
  const large = { candidates: [{ content: { parts: [{ text: 'x'.repeat(17 * 1024 * 1024) }] } }] }
  meter.push(Buffer.from(JSON.stringify([large, { usageMetadata: { promptTokenCount: 3 } }])))
  const { unreadEvents, usage, outputText } = meter.reading()
  assert.deepEqual([unreadEvents, usage?.inputTokens, outputText], [1, 3, ''])
})

suite('the end of an answer', () => {
  const ends: readonly (readonly [AnswerSource['api'], string, string])[] = [
    ['chat.completions', event(delta('Hi')), done],
    ['messages', 'event: ping\ndata: {"type":"ping"}\n\n', 'event: message_stop\ndata: {"type":"message_stop"}\n\n'],
    [
      'responses',
      event({ type: 'response.created', response: { id: 'r', status: 'in_progress' } }),
      event({ type: 'response.completed', response: { id: 'r', status: 'completed', usage: null } }),
    ],
    ['generateContent', event({ candidates: [{ index: 0 }] }), event({ candidates: [{ finishReason: 'STOP' }] })],
    [
      'messages',
      'data: {"type":"ping"}\n\n',
      event({ type: 'error', error: { type: 'overloaded_error', message: 'x' } }),
    ],
  ]
  for (const [api, before, last] of ends) {
    test(`${api}: ${last.slice(0, 40).trim()}`, () => {
      for (const size of [1, 2, 3, 1000]) {
        const meter = createStreamMeter({ api, dropUsageChunk: false })
        meter.push(Buffer.from(before))
        assert.equal(meter.ending, false)
        let sent = ''
        for (let at = 0; at < last.length; at += size) {
          meter.push(Buffer.from(last.slice(at, at + size)))
          sent = last.slice(0, at + size)
          // A client may act on the line before the blank line after it has come: by then the end must be known.
          if (sent.includes('\n', sent.indexOf('data:') < 0 ? sent.length : sent.indexOf('data:')))
            assert.equal(meter.ending, true, sent)
        }
        assert.equal(meter.ending, true)
      }
    })
  }
})

suite('streams that are no streams', () => {
  test('a whole JSON answer to a streamed call is read', () => {
    const body = JSON.stringify(
      { id: 'c', model: 'm', choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }], usage },
      null,
      2,
    )
    fc.assert(
      fc.property(cuts, fc.boolean(), (at, drop) => {
        const { out, reading } = pass(Buffer.from(body), at, drop)
        assert.equal(out, body)
        assert.deepEqual([reading.usage?.inputTokens, reading.usageFinal, reading.outputText], [3, true, 'Hi'])
      }),
      { numRuns: 100 },
    )
  })

  test('any bytes pass unchanged and never throw', () => {
    const apis: readonly AnswerSource['api'][] = [
      'chat.completions',
      'messages',
      'responses',
      'generateContent',
      'cohere.chat',
      'images',
    ]
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('data: ', '\n\n', '\r\n', '[', '{', '}', '"', 'data: [DONE]\n\n', '{"error":', 'event: error\n')
        .map((text) => Buffer.from(text)),
      fc.jsonValue().map((value) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`)),
      hostile.map((value) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`)),
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 12 }),
        cuts,
        fc.constantFrom(...apis),
        fc.boolean(),
        (parts, at, api, drop) => {
          const stream = Buffer.concat(parts)
          const { out, reading } = pass(stream, at, drop, api)
          if (!drop) assert.equal(out, stream.toString('latin1'))
          assert.deepEqual(reading, pass(stream, [], drop, api).reading)
        },
      ),
      { numRuns: 250 },
    )
  })
})

/** The members that readers look at, with values of any kind. */
const hostile = fc.dictionary(
  fc.constantFrom(
    'type',
    'usage',
    'choices',
    'delta',
    'message',
    'error',
    'response',
    'candidates',
    'usageMetadata',
    'content',
    'output',
  ),
  fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom(
        'usage',
        'output',
        'content',
        'parts',
        'iterations',
        'prompt_tokens',
        'input_tokens',
        'cost',
        'status',
        'text',
        'finish_reason',
      ),
      fc.jsonValue(),
    ),
    fc.array(
      fc.dictionary(
        fc.constantFrom('delta', 'message', 'content', 'finishReason', 'groundingMetadata', 'text'),
        fc.jsonValue(),
      ),
    ),
  ),
)

test('output is kept up to a bound and counted beyond it', () => {
  const meter = createStreamMeter({ api: 'chat.completions', dropUsageChunk: false })
  const piece = 'x'.repeat(30_000)
  for (let count = 0; count < 40; count += 1) meter.push(Buffer.from(event(delta(piece))))
  const { outputText, outputCharsCut } = meter.reading()
  assert.equal(outputText.length, 1_000_000)
  assert.equal(outputCharsCut, 200_000)
})

test("a report within one of Anthropic's streams is its last word once it says why the answer ended, or the stream has", () => {
  const start = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 9, output_tokens: 1 } } }
  const told = (stopReason: string | null, outputTokens: number) => ({
    type: 'message_delta',
    delta: { stop_reason: stopReason },
    usage: { output_tokens: outputTokens },
  })
  const isFinal = (...events: unknown[]) =>
    pass(Buffer.from([start, ...events].map(event).join('')), [], false, 'messages').reading.usageFinal
  assert.equal(isFinal(), false)
  assert.equal(isFinal(told(null, 1)), false)
  assert.equal(isFinal(told(null, 1), told('end_turn', 40)), true)
  assert.equal(isFinal(told(null, 40), { type: 'message_stop' }), true)
  assert.equal(isFinal({ type: 'message_stop' }), false)
})
