import assert from 'node:assert/strict'
import { after, before, describe, it, test } from 'node:test'
import fc from 'fast-check'
import { askedWaitMs, backoffMs } from '#gateway/forward.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { ask, assertSound, impatient, readAll, recordOf } from './asking.ts'

describe('waiting before a retry', () => {
  it('doubles, and differs from caller to caller by up to a quarter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, chance) => {
        const waitMs = backoffMs(1000, attempt, chance)
        const most = 1000 * 2 ** (attempt - 1)
        assert.ok(waitMs >= most * 0.75 && waitMs <= most)
      }),
    )
  })

  const nowMs = Date.UTC(2026, 0, 1, 12)
  const asked: readonly (readonly [string, Record<string, string | string[]>, number | null])[] = [
    ['seconds', { 'retry-after': '2' }, 2_000],
    ['a fraction', { 'retry-after': '0.5' }, 500],
    ['milliseconds, which win', { 'retry-after-ms': '250', 'retry-after': '2' }, 250],
    ['a date', { 'retry-after': 'Thu, 01 Jan 2026 12:00:03 GMT' }, 3_000],
    ['a date gone by', { 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
    ['the first of several', { 'retry-after': ['1', '9'] }, 1_000],
    ['nothing', {}, null],
    ['nonsense', { 'retry-after': 'soon' }, null],
    ['a negative number, which is no date', { 'retry-after': '-1' }, null],
    ['less than nothing', { 'retry-after-ms': '-5' }, null],
  ]
  for (const [name, headers, waitMs] of asked) {
    it(`is what the provider asks for: ${name}`, () => assert.equal(askedWaitMs(headers, nowMs), waitMs))
  }
})

let stack: Stack

before(async () => {
  stack = await startStack({ providers: impatient })
})
after(async () => {
  await assertSound(stack)
  await stack.stop()
})

for (const status of [408, 409, 429, 500, 502, 503, 504, 529]) {
  test(`${status} is tried again, and is one record`, async () => {
    const { id, response } = ask(stack, { wishes: `status=${status} times=2` })
    assert.equal((await response).status, 200)
    await (await response).arrayBuffer()
    const entry = await recordOf(stack, id)
    assert.deepEqual(
      entry.attempts.map((attempt) => attempt.status),
      [status, status, 200],
    )
    assert.deepEqual(
      entry.attempts.map((attempt) => attempt.errorCode),
      [`http_${status}`, `http_${status}`, ''],
    )
    for (const [i, attempt] of entry.attempts.entries()) {
      const before = entry.attempts[i - 1]
      if (before) assert.ok(attempt.startedAfterMs >= before.startedAfterMs + before.durationMs)
    }
    assert.deepEqual([entry.outcome, entry.usageSource], ['served', 'provider'])
  })
}

for (const status of [400, 403, 404, 413, 422, 501]) {
  test(`${status} is not tried again`, async () => {
    const { id, response } = ask(stack, { wishes: `status=${status} times=1` })
    assert.equal((await response).status, status)
    await (await response).arrayBuffer()
    assert.equal((await recordOf(stack, id)).attempts.length, 1)
  })
}

test('what still fails after the last attempt is handed on as it is', async () => {
  const { id, response } = ask(stack, { wishes: 'status=503 message=enough' })
  assert.equal((await response).status, 503)
  assert.match(await (await response).text(), /enough/)
  const entry = await recordOf(stack, id)
  assert.deepEqual([entry.attempts.length, entry.outcome, entry.cost.totalPicoUsd], [4, 'failed', 0n])
})

test('Retry-After wins over the backoff, and one that is too long over the retry', async () => {
  const short = ask(stack, { wishes: 'status=429 retry-after=0.2 times=1' })
  assert.equal((await short.response).status, 200)
  await (await short.response).arrayBuffer()
  const [first, second] = (await recordOf(stack, short.id)).attempts
  assert.ok(first && second && second.startedAfterMs - first.startedAfterMs >= 195)
  const long = ask(stack, { wishes: 'status=429 retry-after=3600 times=1' })
  assert.equal((await long.response).status, 429)
  assert.equal((await long.response).headers.get('retry-after'), '3600')
  assert.equal((await recordOf(stack, long.id)).attempts.length, 1)
})

test('a stream is tried again before its first byte, and never after it', async () => {
  const before = ask(stack, { wishes: 'status=500 times=1', stream: true })
  assert.match((await readAll(await before.response)).text, /data: \[DONE\]/)
  assert.equal((await recordOf(stack, before.id)).attempts.length, 2)
  const later = ask(stack, { wishes: 'reset=3 times=1', stream: true })
  assert.match((await readAll(await later.response)).text, /upstream_reset/)
  assert.equal((await recordOf(stack, later.id)).attempts.length, 1)
})

test('nobody tries again for a caller who has left', async () => {
  const leaving = new AbortController()
  const { id, response } = ask(stack, { wishes: 'status=503 retry-after=50', signal: leaving.signal })
  const ended = assert.rejects(response)
  while ((await stack.journal()).every(({ call }) => call.requestId !== id)) await new Promise(setImmediate)
  while (stack.bill().every(({ requestHint }) => requestHint !== id)) await new Promise(setImmediate)
  leaving.abort()
  await ended
  const entry = await recordOf(stack, id)
  assert.deepEqual([entry.outcome, entry.attempts.length, entry.usageSource], ['cancelled', 1, 'none'])
})
