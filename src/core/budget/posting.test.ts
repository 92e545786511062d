import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { openEntry, settleEntry } from '#test/journal/entries.ts'
import { postingOf } from './posting.ts'

test('a settled call adds its cost and its tokens, whatever became of it, unless it was turned away', () => {
  assert.equal(postingOf(openEntry('c1')), null)
  const { cost, tokens } = settleEntry('c1')
  for (const outcome of outcomes) {
    const entry = settleEntry('c1', {
      outcome,
      cost: { ...cost, totalPicoUsd: picoUsd(7n) },
      tokens: { ...tokens, input: 1000, output: 30 },
    })
    const expected = outcome === 'refused' ? null : { call: entry.call, amounts: { picoUsd: 7n, tokens: 1030 } }
    assert.deepEqual(postingOf(entry), expected, outcome)
  }
})
