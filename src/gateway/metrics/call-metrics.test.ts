import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { settleEntries } from '#test/store/entries.ts'
import { callFamilies } from './call-families.ts'
import { CallMetrics } from './call-metrics.ts'
import { expose } from './exposition.ts'
import { LabelCaps } from './label-caps.ts'

const fromMs = Date.UTC(2026, 5, 1)

function counted(entries: readonly SettleEntry[], most: number): { metrics: CallMetrics; caps: LabelCaps } {
  const caps = new LabelCaps({ provider: most, model: most, department: most, project: most })
  const metrics = new CallMetrics({ caps, inputsOf: () => 1 })
  metrics.written(entries)
  return { metrics, caps }
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

test('however many values become other, no call, token or amount is lost', () => {
  fc.assert(
    fc.property(
      fc.array(settleEntries(fromMs, fromMs + 3_600_000), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      (entries, most) => {
        const { metrics } = counted(entries, most)
        const calls = metrics.models.flatMap(({ endpoints }) =>
          [...endpoints.values()].flatMap((cell) => [...cell.requests.values()]),
        )
        assert.equal(
          calls.reduce((a, b) => a + b, 0),
          entries.length,
        )
        const costs = entries.map(({ cost }) => cost)
        const byModel = metrics.models.flatMap((cell) => [
          cell.inputPicoUsd,
          cell.cachedInputPicoUsd,
          cell.cacheWritePicoUsd,
          cell.outputPicoUsd,
          cell.otherPicoUsd,
        ])
        const total = sum(costs.map((cost) => cost.totalPicoUsd))
        assert.equal(sum(byModel), total)
        assert.equal(sum(metrics.payers.map((cell) => cell.picoUsd)), total)
        const output = entries.reduce((tokens, entry) => tokens + entry.tokens.output, 0)
        assert.equal(
          metrics.models.reduce((tokens, cell) => tokens + cell.outputTokens, 0),
          output,
        )
        assert.equal(
          metrics.payers.reduce((tokens, cell) => tokens + cell.outputTokens, 0),
          output,
        )
        // The two words beside the capped values are none and other.
        assert.ok(new Set(metrics.payers.map(({ labels }) => labels[0])).size <= most + 2)
        assert.ok(new Set(metrics.models.map(({ labels }) => labels[1])).size <= most + 2)
      },
    ),
  )
})

test('names that no model was found for are not made a label of', () => {
  const [entry] = fc.sample(settleEntries(fromMs, fromMs + 1), { numRuns: 1, seed: 1 })
  assert.ok(entry !== undefined)
  const refused = Array.from({ length: 50 }, (_, i): SettleEntry => {
    const call = { ...entry.call, vendor: '', upstream: '', modelRouted: '', modelRequested: `garbage-${i}` }
    return {
      ...entry,
      call,
      outcome: 'refused',
      errorCode: 'model_not_found',
      statusCode: 404,
      attempts: [],
      marks: [],
    }
  })
  const { metrics, caps } = counted(refused, 10)
  assert.deepEqual(
    metrics.models.map(({ labels }) => labels),
    [['none', 'none']],
  )
  assert.equal(caps.overflows.get('model'), 0)
  assert.deepEqual([...metrics.refusals], [['model_not_found', 50]])
})

test('combinations have an end too, and nothing of them is lost', () => {
  const [entry] = fc.sample(settleEntries(fromMs, fromMs + 1), { numRuns: 1, seed: 1 })
  assert.ok(entry !== undefined)
  const many = Array.from({ length: 6_000 }, (_, i): SettleEntry => {
    const payer = { ...entry.call.payer, department: `d${i % 80}`, project: `p${Math.floor(i / 80)}` }
    return { ...entry, call: { ...entry.call, payer, keyId: `k${i % 7}` } }
  })
  const { metrics, caps } = counted(many, 200)
  assert.ok(metrics.payers.length <= 5_001)
  assert.equal(caps.overflows.get('combination'), 1_000)
  const cost = callFamilies(metrics, ['x_']).find(({ name }) => name === 'x_token_usage_total')
  const tokens = cost?.values
    .filter(({ labels }) => labels['token_type'] === 'input')
    .reduce((all, { value }) => all + value, 0)
  assert.equal(tokens, 6_000 * entry.tokens.input)
})

test('whatever callers send, the texts of labels come to an end, and nothing is lost', async () => {
  const [entry] = fc.sample(settleEntries(fromMs, fromMs + 1), { numRuns: 1, seed: 1 })
  assert.ok(entry !== undefined)
  const many = Array.from({ length: 4_000 }, (_, i): SettleEntry => {
    const long = (n: number) => `${n}-${'a'.repeat(i < 12 ? 1_000_000 : 250)}`
    const payer = { ...entry.call.payer, department: long(i % 60), project: long(Math.floor(i / 60)) }
    return { ...entry, call: { ...entry.call, payer, modelRouted: long(i), keyId: `k${i % 7}` } }
  })
  const { metrics, caps } = counted(many, 4_000)
  const chars = [...metrics.models, ...metrics.payers].flatMap(({ labels }) => labels)
  assert.ok(chars.reduce((sum, label) => sum + label.length, 0) < 2_002_000)
  assert.ok((caps.overflows.get('combination') ?? 0) > 0)
  assert.equal(sum(metrics.payers.map((cell) => cell.picoUsd)), entry.cost.totalPicoUsd * 4_000n)
  const text = await expose(callFamilies(counted(many.slice(0, 12), 200).metrics, ['x_']), 'text')
  assert.ok(text.length < 1_000_000 && !/a{200}/.test(text))
})
