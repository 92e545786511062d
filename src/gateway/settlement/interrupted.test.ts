import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEntry } from '#test/journal/entries.ts'
import { book } from '#test/pricing/sample-book.ts'
import { settleInterrupted } from './interrupted.ts'

const entry = openEntry('c1')
const call = { ...entry.call, upstream: 'up', vendor: 'acme', modelRouted: 'chat-1' }
const { startedAtMs } = call

test('a call that was left open costs what its request is guessed to, and says so', () => {
  const record = settleInterrupted({ ...entry, call }, book(), startedAtMs + 5)
  assert.deepEqual([record.outcome, record.usageSource, record.errorCode], ['interrupted', 'estimated', 'interrupted'])
  assert.deepEqual([record.tokens.input, record.tokens.output], [1200, 0])
  assert.equal(record.cost.totalPicoUsd, 1200n * 2_000_000n)
  assert.deepEqual([record.endedAtMs, record.latencyMs], [startedAtMs + 5, 5])
})

test('where its request had nothing to guess from, nothing is known', () => {
  const record = settleInterrupted({ ...entry, call, estimatedInputTokens: 0 }, book(), startedAtMs)
  assert.deepEqual([record.usageSource, record.tokens.input, record.cost.totalPicoUsd], ['none', 0, 0n])
})

test('it ends no earlier than it began, though the clock was set back', () => {
  const record = settleInterrupted({ ...entry, call }, book(), startedAtMs - 60_000)
  assert.deepEqual([record.endedAtMs, record.latencyMs], [startedAtMs, 0])
})
