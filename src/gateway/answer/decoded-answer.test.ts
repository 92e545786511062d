import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type AnswerSink, type UpstreamAnswer, UpstreamFault } from '#ports.ts'
import { DecodedAnswer } from './decoded-answer.ts'

const piece = 'x'.repeat(16_384)
const pieces = 40

/** An answer of the test's own, and what becomes of it in plain. */
class Running {
  readonly wanted: string[] = []
  bytes = 0
  aborted = false
  /** From when on its taker wants no more. */
  pauseAfterBytes = Number.POSITIVE_INFINITY
  readonly over: Promise<UpstreamFault | 'ended'>
  readonly answer: DecodedAnswer
  #source: AnswerSink | null = null
  #moved: () => void = () => {}

  constructor() {
    const inner: UpstreamAnswer = {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      deliver: (sink) => {
        this.#source = sink
      },
      pause: () => this.wanted.push('pause'),
      resume: () => this.wanted.push('resume'),
    }
    this.answer = new DecodedAnswer(inner, ['gzip'], { abort: () => (this.aborted = true) })
    this.over = new Promise((resolve) =>
      this.answer.deliver({
        bytes: (chunk) => {
          this.bytes += chunk.length
          if (this.bytes >= this.pauseAfterBytes) this.answer.pause()
          this.#moved()
        },
        end: () => resolve('ended'),
        fail: resolve,
      }),
    )
  }

  get source(): AnswerSink {
    return this.#source ?? assert.fail()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#moved = resolve))
  }
}

const whole = gzipSync(piece.repeat(pieces))

test('an answer is handed over in plain, without the word that it is encoded', async () => {
  const running = new Running()
  assert.deepEqual(running.answer.headers, { 'content-type': 'text/event-stream' })
  for (let at = 0; at < whole.length; at += 100) running.source.bytes(whole.subarray(at, at + 100))
  running.source.end()
  assert.equal(await running.over, 'ended')
  assert.equal(running.bytes, piece.length * pieces)
})

test('who takes no more is handed no more, however little came, until they do', async () => {
  const running = new Running()
  running.pauseAfterBytes = 1
  running.source.bytes(whole)
  running.source.end()
  await running.until(() => running.bytes > 0)
  const first = running.bytes
  assert.ok(first <= 65_536, `${first} at once`)
  assert.deepEqual(running.wanted, ['pause'])
  running.answer.resume()
  await running.until(() => running.bytes > first)
  running.pauseAfterBytes = Number.POSITIVE_INFINITY
  running.answer.resume()
  assert.equal(await running.over, 'ended')
  assert.equal(running.bytes, piece.length * pieces)
})

test('where it fails nobody who takes no more is waited for', async () => {
  const running = new Running()
  running.pauseAfterBytes = 1
  running.source.bytes(whole)
  await running.until(() => running.bytes > 0)
  const fault = new UpstreamFault('reset', 'gone')
  running.source.fail(fault)
  assert.equal(await running.over, fault)
})

test('what ends too early or cannot be decoded has failed', async () => {
  for (const body of [whole.subarray(0, -9), Buffer.from('data: this is no gzip')]) {
    const running = new Running()
    running.source.bytes(body)
    running.source.end()
    const fault = await running.over
    assert.ok(fault instanceof UpstreamFault)
    assert.equal(fault.code, 'bad_answer')
  }
})
