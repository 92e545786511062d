import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LimitStatus } from '#core/budget/budget.ts'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { noTokens } from '#core/usage/totals.ts'
import {
  budgetOf,
  costOf,
  entryOf,
  hourMs,
  minuteMs,
  nothingWatched,
  startMs,
  unpricedCost,
} from '#test/alerting/sample-entries.ts'
import type { AlertEvent } from './alert.ts'
import type { LimitUse, ThresholdCrossing } from './budget-alerts.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import { Watch, type WatchState } from './watch.ts'

const use: LimitUse = {
  windowStartMs: startMs,
  windowEndMs: startMs + hourMs,
  limitPicoUsd: parseUsd('100'),
  spentPicoUsd: parseUsd('99.5'),
}
const engineering = budgetOf('eng:all', {
  scope: { payer: { department: ['engineering'] }, tags: {}, keys: null, models: null, providers: null },
})

function watchOf(live: Partial<LiveThresholds> = {}, state?: WatchState): Watch {
  const limitAt = (budget: string) => (budget === 'eng:all' ? use : null)
  return new Watch({ live: { ...nothingWatched, ...live }, budgets: [engineering], limitAt }, state)
}

const said = (events: readonly AlertEvent[]) => events.map(({ type, status }) => `${type} ${status}`)

function refused(callId: string, atMs = startMs): SettleEntry {
  const marks = ['budget_exceeded:eng:all:hour']
  return entryOf(callId, { endedAtMs: atMs, outcome: 'refused', errorCode: 'budget_exceeded', marks })
}

function crossing(thresholdPercent: number): ThresholdCrossing {
  return { ...use, budget: 'eng:all', window: 'hour', thresholdPercent }
}

function status(limit: string, spent: string): LimitStatus {
  return {
    budget: 'eng:all',
    quantity: 'usd',
    window: 'hour',
    limit: parseUsd(limit),
    spent: parseUsd(spent),
    held: 0n,
    available: 0n,
    permilleUsed: 0,
    state: 'ok',
    windowStartMs: startMs,
    windowEndMs: startMs + hourMs,
    forecast: null,
  }
}

test('a threshold that was crossed fires once, by its height a warning or critical, until its window is over', () => {
  const watch = watchOf()
  const [event, ...others] = [80, 95].flatMap((percent) => watch.crossed(crossing(percent), startMs + 5))
  assert.deepEqual(event?.labels, {
    type: 'budget_threshold',
    severity: 'warning',
    department: 'engineering',
    budget: 'eng:all',
    window: 'hour',
  })
  assert.deepEqual(event?.facts, {
    budget: 'eng:all',
    window: 'hour',
    threshold_percent: '80',
    limit_usd: '100.000000000000',
    spent_usd: '99.500000000000',
    remaining_usd: '0.500000000000',
    percent_used: '99',
    window_start: '2026-03-02T12:00:00.000Z',
    window_end: '2026-03-02T13:00:00.000Z',
  })
  assert.deepEqual(
    others.map(({ severity }) => severity),
    ['critical'],
  )
  assert.deepEqual(watch.crossed(crossing(80), startMs + 6), [])
  assert.deepEqual(watch.tick(startMs + hourMs - 1), [])
  const over = watch.tick(startMs + hourMs + 7)
  assert.deepEqual(said(over), ['budget_threshold resolved', 'budget_threshold resolved'])
  const warning = over.find(({ fingerprint }) => fingerprint === event?.fingerprint)
  assert.deepEqual([warning?.atMs, warning?.facts['reason']], [startMs + hourMs, 'window_over'])
})

test('a raised limit ends the thresholds that use is below now, which then may fire again', () => {
  const watch = watchOf()
  const first = [80, 95].flatMap((percent) => watch.crossed(crossing(percent), startMs + 5))
  assert.deepEqual(watch.limitsAre([status('100', '99.5')], startMs + 6), [])
  const over = watch.limitsAre([status('110', '99.5')], startMs + 7)
  assert.deepEqual(
    over.map(({ facts }) => [facts['threshold_percent'], facts['reason']]),
    [['95', 'limit_changed']],
  )
  const [again] = watch.crossed(crossing(95), startMs + 8)
  assert.equal(again?.fingerprint, first[1]?.fingerprint)
  assert.notEqual(again?.id, first[1]?.id)
})

test('the first call that a budget refuses in a window fires, and no other in that window, however late', () => {
  const watch = watchOf()
  const [event] = watch.take(refused('c1', startMs + 5))
  assert.deepEqual(event?.labels, {
    type: 'budget_exceeded',
    severity: 'critical',
    department: 'engineering',
    budget: 'eng:all',
    window: 'hour',
  })
  assert.deepEqual(watch.take(refused('c2', startMs + 6)), [])
  assert.deepEqual(said(watch.tick(startMs + hourMs)), ['budget_exceeded resolved'])
  assert.deepEqual(watch.take(refused('c3', startMs + hourMs - 1)), [])
})

test('a refusal ends with a higher limit, though not because another budget was changed', () => {
  const watch = watchOf()
  watch.take(refused('c1'))
  assert.deepEqual(watch.limitsAre([status('100', '99.5')], startMs + 1), [])
  assert.deepEqual(said(watch.limitsAre([status('101', '99.5')], startMs + 2)), ['budget_exceeded resolved'])
  assert.deepEqual(said(watch.take(refused('c2', startMs + 3))), ['budget_exceeded firing'])
  assert.deepEqual(said(watch.limitsAre([], startMs + 4)), ['budget_exceeded resolved'])
})

test('the cost of an hour over its limit fires once in total and once per model, to the hour in which calls began', () => {
  const models = { 'GPT-4.1': parseUsd('1') }
  const watch = watchOf({ hourlyCost: { totalPicoUsd: parseUsd('1.5'), models } })
  const call = (id: string, usd: string, atMs: number) =>
    watch.take(entryOf(id, { cost: costOf(usd), endedAtMs: atMs + 10 * minuteMs, call: { startedAtMs: atMs } }))
  assert.deepEqual(call('a', '1', startMs), [])
  const [event] = call('b', '0.000000000001', startMs + 55 * minuteMs)
  assert.deepEqual([event?.labels['model'], event?.facts['cost_usd']], ['gpt-4.1', '1.000000000001'])
  assert.deepEqual(said(call('c', '0.4', startMs + hourMs)), ['hourly_cost resolved'], 'of the next hour')
  assert.deepEqual(said(call('d', '0.5', startMs + 59 * minuteMs)), ['hourly_cost firing'])
  assert.deepEqual(
    call('e', '5', startMs + 1).filter(({ status }) => status === 'firing'),
    [],
  )
})

test('a call that generated too many tokens fires by itself and is over after an hour', () => {
  const watch = watchOf({ outputTokens: { models: { 'GPT-4.1': 8000 }, others: 10 } })
  const call = (id: string, output: number, modelRouted = 'gpt-4.1') =>
    watch.take(entryOf(id, { tokens: { ...noTokens, output }, call: { modelRouted } }))
  assert.deepEqual(call('a', 8000), [])
  const [event] = call('b', 8001)
  assert.deepEqual([event?.facts['output_tokens'], event?.facts['threshold_tokens']], ['8001', '8000'])
  assert.deepEqual(said(call('c', 11, 'other')), ['oversized_request firing'])
  assert.deepEqual(said(watch.tick(startMs + hourMs)), ['oversized_request resolved', 'oversized_request resolved'])
})

test('a storm of oversized calls loses none: the oldest ends early', () => {
  const watch = watchOf({ outputTokens: { models: {}, others: 10 } })
  const events = Array.from({ length: 1001 }, (_, n) =>
    watch.take(entryOf(`c${n}`, { tokens: { ...noTokens, output: 11 } })),
  ).flat()
  assert.equal(events.filter(({ status }) => status === 'firing').length, 1001)
  const over = events.filter(({ status }) => status === 'resolved')
  assert.deepEqual(
    over.map(({ facts }) => [facts['call_id'], facts['reason']]),
    [['c0', 'displaced']],
  )
  assert.equal(watch.state().open.length, 1000)
})

test('the same prompt of the same key more often than allowed within an hour fires once an hour', () => {
  const watch = watchOf({ duplicatePrompts: 3 })
  let calls = 0
  const see = (minute: number, keyId = 'k', more: Partial<SettleEntry> = {}) => {
    calls += 1
    const endedAtMs = startMs + minute * minuteMs
    return said(watch.take(entryOf(`c${calls}`, { ...more, endedAtMs, call: { promptHash: 'hash', keyId } })))
  }
  assert.deepEqual([see(0), see(10), see(20), see(60)].flat(), [], 'the first is an hour ago')
  assert.deepEqual(see(61, 'another'), [])
  assert.deepEqual([see(62, 'k', { cacheHit: true }), see(62, 'k', { outcome: 'failed' })].flat(), [])
  assert.deepEqual(see(63), ['duplicate_prompt firing'])
  assert.deepEqual([see(64), see(122)].flat(), [])
  assert.deepEqual([see(123), see(124), see(125)].flat(), ['duplicate_prompt resolved', 'duplicate_prompt firing'])
})

test('a model without a price fires until a call of it is priced, or a day has passed without one', () => {
  const watch = watchOf({ unpricedModels: true })
  const at = (hours: number) => ({ endedAtMs: startMs + hours * hourMs })
  const [event] = watch.take(entryOf('a', { ...at(0), cost: unpricedCost }))
  assert.deepEqual([event?.labels['provider'], event?.labels['model']], ['openai', 'gpt-4.1'])
  assert.deepEqual(watch.take(entryOf('b', { ...at(23), cost: unpricedCost })), [])
  assert.deepEqual(said(watch.take(entryOf('c', at(24)))), ['unpriced_model resolved'])
  assert.deepEqual(said(watch.take(entryOf('d', { ...at(25), cost: unpricedCost }))), ['unpriced_model firing'])
  assert.deepEqual(watch.tick(startMs + 49 * hourMs - 1), [])
  assert.equal(watch.tick(startMs + 49 * hourMs)[0]?.facts['reason'], 'quiet')
})

test('many invented models begin a bounded number of alerts', () => {
  const watch = watchOf({ unpricedModels: true })
  const name = (n: number) => ({ modelRouted: `m${n}` })
  const events = Array.from({ length: 600 }, (_, n) =>
    watch.take(entryOf(`c${n}`, { cost: unpricedCost, call: name(n) })),
  )
  assert.equal(events.flat().length, 500)
})

test('a provider that fails many calls fires from enough calls on, and is over well below the threshold', () => {
  const watch = watchOf({ upstreamErrors: { percent: 50, leastCalls: 4, windowMs: 5 * minuteMs } })
  let calls = 0
  const call = (more: Partial<SettleEntry> = {}, atMs = startMs) => {
    calls += 1
    return said(watch.take(entryOf(`c${calls}`, { endedAtMs: atMs, ...more })))
  }
  const failed = { outcome: 'failed', statusCode: 503, errorCode: 'http_503' } as const
  assert.deepEqual([call(failed), call(failed), call({ ...failed, statusCode: 400 })].flat(), [])
  assert.deepEqual(call({ outcome: 'refused' }), [])
  assert.deepEqual(call(), ['upstream_errors firing'])
  assert.deepEqual(call(), [], '2 of 5 is 40 percent: not below four fifths of 50')
  assert.deepEqual(call(), ['upstream_errors resolved'])
  assert.deepEqual([call(failed), call(failed)].flat(), ['upstream_errors firing'], '4 of 8')
  assert.deepEqual(said(watch.tick(startMs + 5 * minuteMs)), ['upstream_errors resolved'], 'nothing was called')
})

test('a receiver that cannot be reached fires once, until a message reaches it', () => {
  const watch = watchOf()
  const failing = { receiver: 'ops', sinceMs: startMs, attempts: 3, reason: 'http_500' }
  assert.equal(watch.receiverFails(failing, startMs + 9)[0]?.labels['receiver'], 'ops')
  assert.deepEqual(watch.receiverFails(failing, startMs + 10), [])
  assert.deepEqual(said(watch.receiverWorks('ops', startMs + 11)), ['delivery_failure resolved'])
  assert.deepEqual(watch.receiverWorks('ops', startMs + 12), [])
})

test('costs that others date in the future end nothing', () => {
  const watch = watchOf()
  watch.take(refused('c1'))
  assert.deepEqual(watch.take(entryOf('e', { endedAtMs: startMs + 1e12, marks: ['external'] })), [])
  assert.equal(watch.firing().length, 1)
})

test('a prompt that others say was repeated an hour later ends what fired before it fires again', () => {
  const watch = watchOf({ duplicatePrompts: 1 })
  const minutes = [0, 1, 61, 62]
  const events = minutes.flatMap((minute) => {
    const endedAtMs = startMs + minute * minuteMs
    return watch.take(entryOf(`c${minute}`, { endedAtMs, marks: ['external'], call: { promptHash: 'hash' } }))
  })
  const twice = ['duplicate_prompt firing', 'duplicate_prompt resolved', 'duplicate_prompt firing']
  assert.deepEqual(said(events), twice)
})

test('what a journal of before texts had bounds says makes no event, and no state, of any length', () => {
  const long = (n: number) => `${n}-${'x'.repeat(1_000_000)}`
  const watch = watchOf({ unpricedModels: true, outputTokens: { models: {}, others: 1 } })
  const entries = [0, 1, 2].map((n) => {
    const entry = entryOf(`c${n}`, { cost: unpricedCost, tokens: { ...noTokens, output: 9 } })
    const payer = { ...entry.call.payer, department: long(n), userId: long(n) }
    return { ...entry, call: { ...entry.call, payer, modelRouted: long(n), requestId: long(n) } }
  })
  const events = entries.flatMap((entry) => watch.take(entry))
  assert.deepEqual(said(events).toSorted(), [
    ...Array(3).fill('oversized_request firing'),
    ...Array(3).fill('unpriced_model firing'),
  ])
  assert.ok(JSON.stringify([events, watch.state()]).length < 60_000)
  const [again] = entries.flatMap((entry) => watch.take({ ...entry, tokens: noTokens }))
  assert.equal(again, undefined)
})
