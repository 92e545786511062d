import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { outcomes, type SettleEntry } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { noTokens } from '#core/usage/totals.ts'
import { naiveFiring } from '#test/alerting/naive-watch.ts'
import { costOf, entryOf, hourMs, minuteMs, startMs, unpricedCost } from '#test/alerting/sample-entries.ts'
import { type AlertEvent, type AlertType, alertTypes } from './alert.ts'
import type { LimitAt } from './budget-alerts.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import { Watch, type WatchState } from './watch.ts'

const live: LiveThresholds = {
  hourlyCost: { totalPicoUsd: parseUsd('5'), models: { m1: parseUsd('2') } },
  outputTokens: { models: { m1: 8 }, others: 9 },
  duplicatePrompts: 2,
  upstreamErrors: { percent: 50, leastCalls: 3, windowMs: 10 * minuteMs },
  unpricedModels: true,
}

const limitAt: LimitAt = (budget, _window, atMs) => {
  const windowStartMs = Math.floor(atMs / hourMs) * hourMs
  const window = { windowStartMs, windowEndMs: windowStartMs + hourMs }
  return budget === 'gone' ? null : { ...window, limitPicoUsd: parseUsd('1'), spentPicoUsd: parseUsd('1') }
}

function watchOf(state?: WatchState): Watch {
  return new Watch({ live, budgets: [], limitAt }, state)
}

/** One call: how long after the one before it ended, how long it took, and what it was. */
const calls = fc.array(
  fc.record({
    afterMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 4 * minuteMs }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 2 * hourMs }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 * hourMs }) },
    ),
    tookMs: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: minuteMs }) },
      fc.integer({ min: 0, max: 2 * hourMs }),
    ),
    model: fc.constantFrom('m1', 'M1', 'm2', ''),
    upstream: fc.constantFrom('up', 'down'),
    outcome: fc.constantFrom('served' as const, 'served' as const, 'failed' as const, 'failed' as const, ...outcomes),
    cents: fc.integer({ min: 0, max: 120 }),
    priced: fc.constantFrom(true, true, false),
    output: fc.integer({ min: 0, max: 10 }),
    prompt: fc.constantFrom('', 'p1', 'p2'),
    budget: fc.constantFrom('b', 'c:d', 'gone'),
    status: fc.constantFrom(500, 429, 400),
    cacheHit: fc.constantFrom(false, false, true),
    /** What happens before it. */
    before: fc.constantFrom('nothing', 'tick', 'restart'),
  }),
  { maxLength: 120, size: 'max' },
)
type Call = typeof calls extends fc.Arbitrary<readonly (infer C)[]> ? C : never

function entriesOf(some: readonly Call[]): SettleEntry[] {
  let endedAtMs = startMs
  return some.map((call, index) => {
    endedAtMs += call.afterMs
    const refused = call.outcome === 'refused'
    const cost = call.priced
      ? costOf(`${Math.floor(call.cents / 100)}.${String(call.cents % 100).padStart(2, '0')}`)
      : unpricedCost
    return entryOf(`c${index}`, {
      endedAtMs,
      outcome: call.outcome,
      cost: refused ? { ...costOf('0'), priceVersion: '' } : cost,
      tokens: { ...noTokens, output: call.output },
      statusCode: call.status,
      cacheHit: call.cacheHit,
      errorCode: refused ? 'budget_exceeded' : '',
      marks: refused ? [`budget_exceeded:${call.budget}:hour`] : [],
      call: {
        startedAtMs: endedAtMs - call.tookMs,
        upstream: call.upstream,
        modelRouted: call.model,
        promptHash: call.prompt,
      },
    })
  })
}

/** As the naive model names it. */
function nameOf({ type, facts, labels }: AlertEvent): string {
  if (type === 'budget_exceeded') return `budget_exceeded:${facts['budget']}:${facts['window']}`
  if (type === 'oversized_request') return `${type} ${facts['call_id']}`
  if (type === 'duplicate_prompt') return `${type} ${facts['key']} ${facts['prompt_hash']}`
  if (type === 'unpriced_model') return `${type} ${labels['provider']} ${labels['model'] ?? ''}`
  return `${type} ${type === 'hourly_cost' ? (facts['model'] ?? '') : labels['provider']}`
}

const begun = (events: readonly AlertEvent[]) => events.filter(({ status }) => status === 'firing')

test('what fires is what a naive model says, none twice and none missing, and each ends once', () => {
  const types = new Set<AlertType>()
  fc.assert(
    fc.property(calls, (some) => {
      const watch = watchOf()
      const entries = entriesOf(some)
      const events = entries.flatMap((entry, index) => {
        const taken = watch.take(entry)
        assert.deepEqual(begun(taken).map(nameOf).sort(), naiveFiring(live, entries.slice(0, index + 1)).sort())
        return taken
      })
      events.push(...watch.tick(Infinity))
      assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
      const firing = new Set<string>()
      for (const { type, fingerprint, status } of events) {
        types.add(type)
        assert.equal(firing.has(fingerprint), status === 'resolved', 'it fires and ends in turn')
        if (status === 'firing') firing.add(fingerprint)
        else firing.delete(fingerprint)
      }
      assert.deepEqual([[...firing], watch.firing(), watch.nextAtMs()], [[], [], null])
    }),
    { numRuns: 200 },
  )
  const handedIn: readonly AlertType[] = ['budget_threshold', 'delivery_failure']
  assert.deepEqual([...types].sort(), alertTypes.filter((type) => !handedIn.includes(type)).sort(), 'all came about')
})

test('neither restarts nor the times at which it is looked change an event', () => {
  fc.assert(
    fc.property(calls, (some) => {
      const steady = watchOf()
      let restarted = watchOf()
      const expected: AlertEvent[] = []
      const events: AlertEvent[] = []
      entriesOf(some).forEach((entry, index) => {
        const before = some[index]?.before
        if (before === 'tick') events.push(...restarted.tick(entry.endedAtMs - (some[index]?.afterMs ?? 0) / 2))
        if (before === 'restart') {
          const state = JSON.parse(JSON.stringify(restarted.state()))
          restarted = watchOf(state)
          assert.deepEqual(restarted.state(), state)
        }
        events.push(...restarted.take(entry))
        expected.push(...steady.take(entry))
      })
      assert.deepEqual([...events, ...restarted.tick(Infinity)], [...expected, ...steady.tick(Infinity)])
    }),
    { numRuns: 200 },
  )
})

test('whatever callers invent, what is kept is bounded', () => {
  const watch = watchOf()
  for (let n = 0; n < 12_000; n++) {
    const call = { promptHash: `p${n}`, modelRouted: `m${n}`, upstream: `u${n}`, startedAtMs: startMs - n * hourMs }
    const marks = [`budget_exceeded:b${n}:hour`]
    const more = { marks, errorCode: 'budget_exceeded', tokens: { ...noTokens, output: 100 }, call }
    watch.take(entryOf(`c${n}`, { ...more, cost: n % 2 === 0 ? unpricedCost : costOf('9') }))
  }
  const { open, budgets, hours, prompts, upstreams } = watch.state()
  assert.deepEqual(
    [open.length <= 3000, budgets.length, hours.length, prompts.length, upstreams.length],
    [true, 1000, 50, 10_000, 500],
  )
})
