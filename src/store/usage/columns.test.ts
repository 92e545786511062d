import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { recordFieldNames } from '#core/ledger/record-fields.ts'
import { picoUsd, zeroUsd } from '#core/money/pico-usd.ts'
import { checkRow, usageColumns } from './columns.ts'
import { ValueFault } from './native.ts'
import type { UsageRow } from './usage-row.ts'

const entry: SettleEntry = {
  kind: 'settle',
  call: {
    callId: '01J',
    requestId: 'req',
    startedAtMs: Date.UTC(2026, 0, 31, 23, 59, 59, 999),
    payer: {
      department: 'engineering',
      project: 'search',
      costCenter: 'cc',
      userId: 'u',
      sessionId: 's',
      featureFlag: 'f',
      requestPath: '/p',
      tags: { env: 'prod' },
    },
    keyId: 'key_1',
    vendor: 'openai',
    upstream: 'relay',
    modelRequested: 'fast',
    modelRouted: 'gpt-4.1',
    endpoint: 'chat.completions',
    stream: true,
    promptHash: 'h',
  },
  endedAtMs: Date.UTC(2026, 1, 1),
  outcome: 'served',
  modelServed: 'gpt-4.1-2025-04-14',
  usageSource: 'provider',
  tokens: {
    input: 10,
    cachedInput: 4,
    cacheWrite5m: 1,
    cacheWrite1h: 2,
    output: 7,
    reasoning: 3,
    inputAudio: 0,
    outputAudio: 0,
    inputImage: 0,
    outputImage: 0,
  },
  units: { web_search: 2 },
  cost: {
    inputPicoUsd: picoUsd(1n),
    cachedInputPicoUsd: zeroUsd,
    cacheWritePicoUsd: zeroUsd,
    outputPicoUsd: picoUsd(99_999_999_999_999_999_999_000_000_000_000n),
    otherPicoUsd: zeroUsd,
    totalPicoUsd: picoUsd(99_999_999_999_999_999_999_000_000_000_001n),
    priceVersion: 'v',
    unpriced: false,
    billingCurrency: 'USD',
    billingPicoAmount: 1n,
    providerStatedPicoUsd: null,
  },
  marks: [],
  latencyMs: 12.345678,
  timeToFirstTokenMs: null,
  overheadMs: 0.1,
  statusCode: 200,
  errorCode: '',
  errorMessage: '',
  attempts: [
    { startedAfterMs: 0, durationMs: 5, status: 503, errorCode: 'http_503' },
    { startedAfterMs: 1005, durationMs: 7, status: 200, errorCode: '' },
  ],
  cacheHit: false,
}
const origin = { journalId: 'j', blockNo: 5, entryNo: 2 }

function rowOf(changed: Partial<SettleEntry> = {}): UsageRow {
  return { entry: { ...entry, ...changed }, ...origin }
}

function valuesOf(row: UsageRow): Record<string, unknown> {
  return Object.fromEntries(usageColumns.map((column) => [column.name, column.of(row)]))
}

test('a settled call fills every column of its row', () => {
  const values = valuesOf(rowOf())
  assert.equal(values['timestamp'], Date.UTC(2026, 0, 31, 23, 59, 59, 999))
  assert.equal(values['model'], 'gpt-4.1')
  assert.equal(values['provider'], 'openai')
  assert.equal(values['upstream'], 'relay')
  assert.equal(values['cache_write_tokens'], 3)
  assert.equal(values['total_tokens'], 17)
  assert.equal(values['cost_usd'], 99_999_999_999_999_999_999_000_000_000_001n)
  assert.equal(values['latency_ms'], 12.346)
  assert.equal(values['retries'], 1)
  assert.equal(values['journal_entry'], 2)
  assert.deepEqual(
    recordFieldNames.filter((name) => values[name] === undefined),
    [],
  )
  checkRow(rowOf())
})

const errors: readonly [changed: Partial<SettleEntry>, error: boolean][] = [
  [{}, false],
  [{ outcome: 'served', statusCode: 429 }, true],
  [{ outcome: 'cancelled', statusCode: 200 }, false],
  [{ outcome: 'failed', statusCode: 200 }, true],
  [{ outcome: 'refused', statusCode: 402 }, true],
  [{ outcome: 'interrupted', statusCode: 200 }, true],
]
for (const [changed, error] of errors) {
  test(`${JSON.stringify(changed)} is ${error ? 'an' : 'no'} error`, () => {
    assert.equal(valuesOf(rowOf(changed))['error'], error)
  })
}

const faults: readonly [name: string, changed: Partial<SettleEntry>][] = [
  ['a negative count', { tokens: { ...entry.tokens, input: -1 } }],
  ['half a token', { tokens: { ...entry.tokens, output: 0.5 } }],
  ['an amount beyond 38 digits', { cost: { ...entry.cost, totalPicoUsd: picoUsd(10n ** 38n) } }],
  ['a time beyond the calendar', { endedAtMs: 8e15 }],
  ['a status that is none', { statusCode: 70_000 }],
]
for (const [name, changed] of faults) {
  test(`${name} is a fault that names the field`, () => {
    assert.throws(() => checkRow(rowOf(changed)), ValueFault)
  })
}
