import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { httpAnswer, type RawUpstream, startRawUpstream } from '#test/support/raw-upstream.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { ask, assertSound, impatient, recordOf } from './asking.ts'

let upstream: RawUpstream
let stack: Stack

before(async () => {
  upstream = await startRawUpstream()
  stack = await startStack({
    ...{ providers: impatient, upstream: upstream.url },
    more: 'limits: {answer_body_bytes: 65536}',
  })
})
after(async () => {
  upstream.answers(whole)
  await assertSound(stack)
  await stack.stop()
  await upstream.close()
})

const whole = httpAnswer('{"id":"x","object":"chat.completion","model":"gpt-4.1-mini","choices":[]}')
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

/*
 * The provider got the call and may have served and billed it: whatever it says that is no HTTP, asking it again could
 * have the call billed twice.
 */
const answers: readonly (readonly [name: string, answer: string])[] = [
  ['a switch of protocols', `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n${whole}`],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a status that is none', whole.replace('200', '2x0')],
  ['a header without a colon', whole.replace('content-type:', 'content-type')],
  ['a header with a zero byte', `HTTP/1.1 200 OK\r\nx-a: \0\r\n${whole.slice(17)}`],
  ['two lengths', `${head}content-length: 3\r\ncontent-length: 4\r\n\r\n{}\r\n`],
  ['a length and chunks', `${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a head without an end', `${head}x-a: ${'a'.repeat(100_000)}`],
]
for (const [name, answer] of answers) {
  test(`an upstream that answers ${name} is not asked again`, async () => {
    upstream.answers(answer)
    const asked = upstream.requests.length
    const { id, response } = ask(stack)
    const { status } = await response
    assert.equal(status, 502)
    assert.match(await (await response).text(), /not a valid HTTP answer/)
    assert.equal(upstream.requests.length, asked + 1, 'it was asked again')
    const record = await recordOf(stack, id)
    assert.deepEqual([record.outcome, record.errorCode, record.attempts.length], ['failed', 'upstream_bad_answer', 1])
  })
}

const early: readonly (readonly [name: string, answer: string])[] = [
  ['beforehand what is to come', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${whole}`],
  ['100 Continue, for which nobody has asked', `HTTP/1.1 100 Continue\r\n\r\n${whole}`],
]
for (const [name, answer] of early) {
  test(`an upstream that says ${name} is understood`, async () => {
    upstream.answers(answer)
    const { id, response } = ask(stack)
    assert.equal((await response).status, 200)
    assert.equal((await recordOf(stack, id)).outcome, 'served')
  })
}

test('an answer that is larger than allowed is given up, and what it used is estimated', async () => {
  const pieces = Array.from({ length: 8 }, () => ' '.repeat(16_384))
  upstream.answers(httpAnswer(`{"id":"x"${pieces.join('')}}`))
  const { id, response } = ask(stack)
  const { status } = await response
  assert.equal(status, 502)
  assert.match(await (await response).text(), /larger than the 65536 bytes allowed here \(limits\.answer_body_bytes\)/)
  const record = await recordOf(stack, id)
  assert.deepEqual(
    [record.outcome, record.errorCode, record.usageSource],
    ['failed', 'upstream_bad_answer', 'estimated'],
  )
  assert.ok(record.tokens.input > 0)
})

test('an answer of exactly the allowed size is passed on', async () => {
  const body = `{"id":"x","choices":[]${' '.repeat(65_536 - 23)}}`
  upstream.answers(httpAnswer(body))
  const { response } = ask(stack)
  assert.equal((await response).status, 200)
  assert.equal(await (await response).text(), body)
})
