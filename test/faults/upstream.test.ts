import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { type Stack, startStack } from '#test/support/stack.ts'
import { ask, assertSound, impatient, type Question, readAll, recordOf } from './asking.ts'

let stack: Stack

before(async () => {
  stack = await startStack({ providers: impatient })
})
after(async () => {
  await assertSound(stack)
  await stack.stop()
})

interface Told {
  /** What the caller gets. */
  readonly status: number
  readonly says?: RegExp
  readonly ends?: 'whole' | 'broken'
  /** What the record says. */
  readonly outcome: SettleEntry['outcome']
  readonly errorCode: string
  readonly source: SettleEntry['usageSource']
  readonly attempts?: number
}

const failed = { outcome: 'failed' } as const
const stream = { stream: true }
const messages = { path: '/v1/messages', body: { model: 'claude-haiku-4-5', max_tokens: 500 } }

const cases: readonly (readonly [name: string, Question, Told])[] = [
  [
    'a reset before the headers, every time',
    { wishes: 'reset=before-headers' },
    { ...failed, status: 502, says: /"upstream_error"/, errorCode: 'upstream_reset', source: 'none', attempts: 4 },
  ],
  [
    'a reset before the headers, twice',
    { wishes: 'reset=before-headers times=2' },
    { status: 200, outcome: 'served', errorCode: '', source: 'provider', attempts: 3 },
  ],
  [
    'a reset after the headers of a plain answer',
    { wishes: 'reset=after-headers' },
    { ...failed, status: 502, says: /"upstream_error"/, errorCode: 'upstream_reset', source: 'estimated' },
  ],
  [
    'a reset in the middle of a stream',
    { wishes: 'reset=4', ...stream },
    { ...failed, status: 200, says: /"upstream_reset"/, errorCode: 'upstream_reset', source: 'estimated' },
  ],
  [
    'silence before the headers',
    { wishes: 'stall=before-headers' },
    { ...failed, status: 504, says: /"upstream_timeout"/, errorCode: 'upstream_first_byte_timeout', source: 'none' },
  ],
  [
    'silence in the middle of a stream',
    { wishes: 'stall=4', ...stream },
    {
      ...failed,
      status: 200,
      says: /"upstream_idle_timeout"/,
      errorCode: 'upstream_idle_timeout',
      source: 'estimated',
    },
  ],
  [
    'silence in the middle of a plain answer',
    { wishes: 'stall=1' },
    { ...failed, status: 504, says: /"upstream_timeout"/, errorCode: 'upstream_idle_timeout', source: 'estimated' },
  ],
  [
    'a web page under status 200',
    { wishes: 'html status=200' },
    { ...failed, status: 502, says: /web page/, errorCode: 'upstream_bad_answer', source: 'none' },
  ],
  [
    'a web page under status 200, for a stream',
    { wishes: 'html status=200', ...stream, ...messages },
    { ...failed, status: 502, says: /web page/, errorCode: 'upstream_bad_answer', source: 'none' },
  ],
  [
    'a web page under status 502, every time',
    { wishes: 'html status=502' },
    { ...failed, status: 502, errorCode: 'http_502', source: 'none', attempts: 4 },
  ],
  [
    'half an event, then the end',
    { wishes: 'half=3', ...stream },
    { ...failed, status: 200, says: /"upstream_bad_answer"/, errorCode: 'upstream_bad_answer', source: 'estimated' },
  ],
  [
    'half an event of Anthropic, then the end',
    { wishes: 'half=4', ...stream, ...messages },
    {
      ...failed,
      status: 200,
      says: /event: error\ndata: .*upstream_bad_answer/,
      errorCode: 'upstream_bad_answer',
      source: 'estimated',
    },
  ],
  [
    'an early end between two events',
    { wishes: 'end=4', ...stream },
    { ...failed, status: 200, says: /"upstream_bad_answer"/, errorCode: 'upstream_bad_answer', source: 'estimated' },
  ],
  [
    'a malformed event',
    { wishes: 'malformed=3', ...stream },
    { status: 200, says: /data: \[DONE\]/, outcome: 'served', errorCode: '', source: 'provider' },
  ],
  [
    'a plain answer that is not JSON to its end',
    { wishes: 'malformed=1' },
    { status: 200, says: /<<malformed/, outcome: 'served', errorCode: '', source: 'estimated' },
  ],
  [
    'no usage in a plain answer',
    { wishes: 'no-usage' },
    { status: 200, outcome: 'served', errorCode: '', source: 'estimated' },
  ],
  [
    'no usage in a stream',
    { wishes: 'no-usage', ...stream },
    { status: 200, outcome: 'served', errorCode: '', source: 'estimated' },
  ],
  [
    'usage three times',
    { wishes: 'repeat-usage=3', ...stream },
    { status: 200, outcome: 'served', errorCode: '', source: 'provider' },
  ],
  [
    'an error event in the middle',
    { wishes: 'error=4', ...stream },
    { ...failed, status: 200, says: /server_error/, errorCode: 'server_error', source: 'estimated' },
  ],
  [
    'an error event of Anthropic in the middle',
    { wishes: 'error=4', ...stream, ...messages },
    { ...failed, status: 200, says: /overloaded_error/, errorCode: 'overloaded_error', source: 'estimated' },
  ],
  [
    'a plain answer in gzip',
    { wishes: 'gzip' },
    { status: 200, says: /"usage"/, outcome: 'served', errorCode: '', source: 'provider' },
  ],
  [
    'a stream in gzip',
    { wishes: 'gzip', ...stream },
    { status: 200, says: /data: \[DONE\]/, outcome: 'served', errorCode: '', source: 'provider' },
  ],
  [
    'a content-length that promises more',
    { wishes: 'content-length=20' },
    { ...failed, status: 502, says: /"upstream_error"/, errorCode: 'upstream_', source: 'estimated' },
  ],
]

for (const [name, question, told] of cases) {
  test(name, async () => {
    const { id, response } = ask(stack, question)
    const got = await response
    const { text, broke } = await readAll(got)
    assert.equal(got.status, told.status, text)
    assert.equal(broke, told.ends === 'broken')
    if (told.says !== undefined) assert.match(text, told.says)
    assert.equal(got.headers.get('x-request-id'), id)
    const entry = await recordOf(stack, id)
    assert.equal(entry.outcome, told.outcome)
    assert.ok(
      entry.errorCode.startsWith(told.errorCode) && (entry.errorCode === '') === (told.errorCode === ''),
      entry.errorCode,
    )
    assert.equal(entry.usageSource, told.source)
    assert.equal(entry.statusCode, told.status)
    assert.equal(entry.attempts.length, told.attempts ?? 1)
    if (told.source === 'estimated') assert.ok(entry.tokens.input > 0 && entry.cost.totalPicoUsd > 0n)
    if (told.source === 'none') assert.equal(entry.cost.totalPicoUsd, 0n)
    if (told.source === 'provider') {
      const billed = stack.bill().findLast(({ requestHint }) => requestHint === id)
      assert.deepEqual(
        [entry.tokens.output, entry.cost.totalPicoUsd],
        [billed?.counts.outputTokens, billed?.costPicoUsd],
      )
    }
  })
}

test('a provider that nobody listens for', async () => {
  const gone = await startStack({ upstream: 'http://127.0.0.1:9', providers: impatient })
  try {
    const { id, response } = ask(gone)
    const got = await response
    assert.equal(got.status, 502)
    assert.match(await got.text(), /"upstream_unavailable"/)
    const entry = await recordOf(gone, id)
    assert.deepEqual(
      entry.attempts.map(({ errorCode }) => errorCode),
      Array(4).fill('connect_failed'),
    )
    assert.deepEqual([entry.outcome, entry.cost.totalPicoUsd], ['failed', 0n])
  } finally {
    await gone.stop()
  }
})

test('what cannot be read is handed to the caller as it came', async () => {
  const { response } = ask(stack, { wishes: 'gzip' })
  const got = await response
  assert.equal(got.headers.get('content-encoding'), 'gzip')
  const answer = (await got.json()) as { object: string }
  assert.equal(answer.object, 'chat.completion')
})
