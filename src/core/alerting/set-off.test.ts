import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { externalMark } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { noTokens } from '#core/usage/totals.ts'
import { costOf, entryOf, minuteMs, nothingWatched, startMs } from '#test/alerting/sample-entries.ts'
import type { LiveThresholds } from './live-thresholds.ts'
import { SetOff } from './set-off.ts'
import { Watch } from './watch.ts'

const live: LiveThresholds = {
  ...nothingWatched,
  hourlyCost: { totalPicoUsd: parseUsd('5'), models: { m1: parseUsd('2') } },
  outputTokens: { models: { m1: 8 }, others: 9 },
  duplicatePrompts: 2,
}

const costs = fc.array(
  fc.record({
    external: fc.boolean(),
    afterMs: fc.integer({ min: -90 * minuteMs, max: 30 * minuteMs }),
    model: fc.constantFrom('m1', 'M1', 'm2', ''),
    cents: fc.integer({ min: 0, max: 120 }),
    output: fc.integer({ min: 0, max: 10 }),
    prompt: fc.constantFrom('', 'p1', 'p2'),
    restart: fc.boolean(),
  }),
  { maxLength: 80, size: 'max' },
)

test('what an event sets off is what the watch tells of it, over restarts', () => {
  let most = 0
  fc.assert(
    fc.property(costs, (some) => {
      let setOff = new SetOff(live)
      const watch = new Watch({ live: { ...live, unpricedModels: true }, budgets: [], limitAt: () => null })
      let nowMs = startMs
      for (const [index, cost] of some.entries()) {
        nowMs += Math.max(0, cost.afterMs)
        const entry = entryOf(`c${index}`, {
          // Events may be of earlier hours, calls end now.
          endedAtMs: cost.external ? nowMs + Math.min(0, cost.afterMs) : nowMs,
          cost: costOf(`${Math.floor(cost.cents / 100)}.${String(cost.cents % 100).padStart(2, '0')}`),
          tokens: { ...noTokens, output: cost.output },
          marks: cost.external ? [externalMark] : [],
          call: { keyId: cost.external ? '' : 'k', modelRouted: cost.model, promptHash: cost.prompt },
        })
        const told = watch.take(entry).filter(({ status }) => status === 'firing').length
        const count = setOff.take(entry)
        if (cost.external) assert.equal(count, told)
        most = Math.max(most, count)
        if (cost.restart) setOff = new SetOff(live, JSON.parse(JSON.stringify(setOff.state())))
      }
    }),
  )
  assert.ok(most >= 3, 'so many rules at once were met')
})
