import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBytes } from '#lib/no-bytes.ts'
import { UpstreamFault } from '#ports.ts'
import { noReach } from '#providers/requests/reach.ts'
import { callFacts } from '#test/journal/entries.ts'
import { book, call as priced } from '#test/pricing/sample-book.ts'
import { type Delivery, noReading } from '../answer/delivery.ts'
import { CallControl } from '../call-control.ts'
import type { EndedCall } from './end-call.ts'
import { type CountedUsage, settle } from './settle.ts'

const call = { ...callFacts('c1'), upstream: 'up', vendor: 'acme', modelRouted: 'chat-1' }
const road = { prices: book(), clock: { wallMs: () => 0, monotonicMs: () => 1_500.0004 } }
const none: CountedUsage = { usage: { inputTokens: 0, outputTokens: 0 }, source: 'provider' }

interface Ended {
  readonly delivery?: Partial<Delivery>
  readonly statusCode?: number
  readonly interrupted?: true
  readonly marks?: readonly string[]
  readonly attempts?: EndedCall['attempts']
}

function recordOf({ delivery = {}, statusCode = 200, interrupted, marks = [], attempts = [] }: Ended, counted = none) {
  const control = new CallControl()
  if (interrupted === true) control.interrupt()
  const usual: Delivery = {
    ...{ reading: noReading, form: 'opaque', held: noBytes, fault: null, clientLeft: false, cut: null, passed: null },
    ...{ started: true, firstByteAtMs: 300.25, upstreamEndedAtMs: 1_400 },
  }
  const open = { call, control, ask: { reach: noReach }, arrival: { arrivedAtMs: 100 }, reserved: { marks } }
  const ended = { open, attempts, answer: null, delivery: { ...usual, ...delivery }, instead: null, statusCode }
  return settle(road, ended as unknown as EndedCall, counted)
}

const fault = (code: UpstreamFault['code']) => new UpstreamFault(code, 'why')
const refusal = (code: string) => ({ ...noReading, error: { code, message: 'no' } })
const cut = { budget: 'team', message: 'used up' }

const rows: readonly [what: string, ended: Ended, outcome: string, errorCode: string, errorMessage: string][] = [
  ['an answer', {}, 'served', '', ''],
  ['a refusal', { statusCode: 404 }, 'failed', 'http_404', ''],
  ['one that says why', { statusCode: 429, delivery: { reading: refusal('busy') } }, 'failed', 'busy', 'no'],
  ['one without a code', { statusCode: 500, delivery: { reading: refusal('') } }, 'failed', 'http_500', 'no'],
  ['a fault in a stream of status 200', { delivery: { reading: refusal('overloaded') } }, 'failed', 'overloaded', 'no'],
  ['a broken connection', { delivery: { fault: fault('reset') } }, 'failed', 'upstream_reset', 'why'],
  [
    'that of a caller who left',
    { delivery: { fault: fault('reset'), clientLeft: true } },
    'failed',
    'upstream_reset',
    'why',
  ],
  ['a caller who left', { delivery: { fault: fault('aborted'), clientLeft: true } }, 'cancelled', 'client_left', 'why'],
  ['one who left a whole answer', { delivery: { clientLeft: true } }, 'served', '', ''],
  ['an answer that a budget ended', { delivery: { cut } }, 'served', 'budget_exceeded', 'used up'],
  [
    'a stop, whatever else',
    { interrupted: true, delivery: { fault: fault('aborted'), clientLeft: true } },
    'interrupted',
    'interrupted',
    'the gateway was stopped before the answer had ended',
  ],
]

test('what became of a call, and why, is in its record', () => {
  for (const [what, ended, ...expected] of rows) {
    const { outcome, errorCode, errorMessage } = recordOf(ended)
    assert.deepEqual([outcome, errorCode, errorMessage], expected, what)
  }
})

test('the marks of a record say what was odd about its price, its budgets, its caller and its usage', () => {
  const odd = { delivery: { clientLeft: true, cut }, marks: ['rerouted:x'] }
  const unpriced: CountedUsage = { usage: { inputTokens: 1, serviceTier: 'odd' }, source: 'provider' }
  assert.deepEqual(recordOf({}).marks, [])
  assert.deepEqual(recordOf(odd, unpriced).marks, ['tier_not_priced', 'rerouted:x', 'client_left', 'budget_ended:team'])
  assert.deepEqual(recordOf({}, { ...none, unreported: true }).marks, ['usage_missing'])
  const unread = { usage: { inputTokens: 1 }, source: 'estimated', outputUnread: true, unreported: true } as const
  assert.equal(recordOf({}, unread).marks.filter((mark) => mark === 'usage_missing').length, 1)
})

test('times are counted from the arrival, and what was neither attempt nor answer is our own', () => {
  const first = { startedAfterMs: 2, durationMs: 5, status: 500, errorCode: 'http_500' }
  const record = recordOf({ attempts: [first, { ...first, startedAfterMs: 900 }] })
  assert.equal(record.endedAtMs, call.startedAtMs + 1_400)
  assert.equal(record.latencyMs, 1_400)
  assert.equal(record.timeToFirstTokenMs, 200.25)
  assert.equal(record.overheadMs, 102)
  assert.equal(recordOf({ delivery: { firstByteAtMs: null } }).timeToFirstTokenMs, null)
})

test('a call is priced as the model that answered, at the time it was made', () => {
  const usage = { inputTokens: 1000, outputTokens: 100 }
  const counted: CountedUsage = { usage, source: 'provider' }
  const costOf = (modelServed: string) =>
    book().priceCall(priced(modelServed, usage, { modelRouted: 'chat-1', atMs: call.startedAtMs })).cost
  const served = recordOf({ delivery: { reading: { ...noReading, model: 'helper-1' } } }, counted)
  assert.deepEqual([served.modelServed, served.cost], ['helper-1', costOf('helper-1')])
  const asked = recordOf({}, counted)
  assert.deepEqual([asked.modelServed, asked.cost], ['chat-1', costOf('chat-1')])
})
