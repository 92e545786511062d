import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ContentEncoding, encodeWhole } from '#lib/content-encoding.ts'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { ask, assertSound, readAll, recordOf } from './asking.ts'

/* Answers that are nothing on the wire and everything once they are decoded. */

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({ upstream: upstream.url, more: 'limits: {answer_body_bytes: 10000000}' })
})
after(async () => {
  await stack.stop()
  await upstream.close()
})

const bombs: readonly (readonly [name: string, ContentEncoding, () => Promise<Buffer>])[] = [
  [
    'many members of gzip',
    'gzip',
    async () => Buffer.concat(Array<Buffer>(16).fill(gzipSync(Buffer.alloc(8_000_000)))),
  ],
  ['brotli', 'br', () => encodeWhole(['br'], Buffer.alloc(128_000_000, ' '))],
  ['zstd', 'zstd', () => encodeWhole(['zstd'], Buffer.alloc(32_000_000, '\n'))],
]

for (const [name, encoding, make] of bombs) {
  test(`a stream of ${name} that decodes to far more than came is broken off, and others are served`, async () => {
    const bomb = await make()
    upstream.answers(httpAnswer(bomb.toString('latin1'), 'text/event-stream', [`content-encoding: ${encoding}`]))
    // Who asks for usage gets the stream as it comes, anybody else decoded: with the reason as its last event.
    for (const asked of [true, false]) {
      const { id, response } = ask(stack, { stream: true, body: { stream_options: { include_usage: asked } } })
      const ended = response.then(readAll)
      assert.equal((await fetch(`${stack.url}/health`)).status, 200)
      const { broke, text } = await ended
      assert.equal(broke, asked)
      if (!asked) assert.match(text.slice(-1_000), /"code":"upstream_bad_answer"/)
      const { outcome, errorCode, errorMessage, usageSource, tokens } = await recordOf(stack, id)
      assert.deepEqual([outcome, errorCode, usageSource], ['failed', 'upstream_bad_answer', 'estimated'])
      assert.match(errorMessage, /too large once decoded: \d+ encoded bytes become more than \d+ decoded/)
      assert.ok(tokens.input > 0)
    }
    upstream.answers(httpAnswer('{"model":"gpt-4.1-mini","choices":[]}'))
    await assertSound(stack)
  })
}

test('a JSON answer that decodes to more than one may have is refused as any that is so large', async () => {
  for (const body of [Buffer.alloc(10_000_001, ' '), Buffer.alloc(100_000_000, ' ')]) {
    upstream.answers(httpAnswer(gzipSync(body).toString('latin1'), 'application/json', ['content-encoding: gzip']))
    const { id, response } = ask(stack)
    const got = await response
    assert.equal(got.status, 502)
    assert.match(await got.text(), /too large once decoded: \d+ encoded bytes become more than 10000000 decoded/)
    const { errorCode, usageSource } = await recordOf(stack, id)
    assert.deepEqual([errorCode, usageSource], ['upstream_bad_answer', 'estimated'])
  }
})

test('a stream that repeats itself much is served whole', async () => {
  const events = 'data: {"model":"gpt-4.1-mini","choices":[{"index":0,"delta":{"content":"ha"}}]}\n\n'.repeat(150_000)
  const body = await encodeWhole(['br'], Buffer.from(`${events}data: [DONE]\n\n`))
  assert.ok(body.length * 200 < events.length)
  upstream.answers(httpAnswer(body.toString('latin1'), 'text/event-stream', ['content-encoding: br']))
  const { id, response } = ask(stack, { stream: true })
  const { text, broke } = await readAll(await response)
  assert.deepEqual([broke, text.length], [false, events.length + 'data: [DONE]\n\n'.length])
  const { outcome, tokens } = await recordOf(stack, id)
  assert.equal(outcome, 'served')
  assert.ok(tokens.output > 10_000, `${tokens.output}`)
})
