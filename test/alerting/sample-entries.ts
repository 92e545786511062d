import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { Budget } from '#core/budget/budget.ts'
import type { CallFacts, SettleEntry } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import { type Cost, noCost } from '#core/pricing/cost.ts'
import { noTokens } from '#core/usage/totals.ts'

export const startMs = Date.UTC(2026, 2, 2, 12)
export const minuteMs = 60_000
export const hourMs = 3_600_000

/** An entry of a call that was served at once, at 12 o'clock where nothing else is said. */
export function entryOf(
  callId: string,
  more: Partial<Omit<SettleEntry, 'call' | 'cost'>> & { readonly call?: Partial<CallFacts>; readonly cost?: Cost } = {},
): SettleEntry {
  const endedAtMs = more.endedAtMs ?? startMs
  return {
    kind: 'settle',
    endedAtMs,
    outcome: 'served',
    modelServed: 'gpt-4.1',
    usageSource: 'provider',
    tokens: noTokens,
    units: {},
    cost: { ...noCost, priceVersion: 'catalog:gpt-4.1' },
    marks: [],
    latencyMs: 1,
    timeToFirstTokenMs: 1,
    overheadMs: 0,
    statusCode: 200,
    errorCode: '',
    errorMessage: '',
    attempts: [],
    cacheHit: false,
    ...more,
    call: {
      callId,
      requestId: `request-${callId}`,
      startedAtMs: endedAtMs,
      payer: { ...emptyPayer, department: 'engineering' },
      keyId: 'search-team',
      vendor: 'openai',
      upstream: 'openai',
      modelRequested: 'gpt-4.1',
      modelRouted: 'gpt-4.1',
      endpoint: 'chat.completions',
      stream: false,
      promptHash: '',
      ...more.call,
    },
  }
}

export function costOf(usd: string): Cost {
  const amount = parseUsd(usd)
  return { ...noCost, inputPicoUsd: amount, totalPicoUsd: amount, priceVersion: 'catalog:gpt-4.1' }
}

export const unpricedCost: Cost = { ...noCost, unpriced: true }

export const nothingWatched: LiveThresholds = {
  hourlyCost: null,
  outputTokens: null,
  duplicatePrompts: null,
  upstreamErrors: null,
  unpricedModels: false,
}

export function budgetOf(name: string, more: Partial<Budget> = {}): Budget {
  return {
    name,
    scope: { payer: {}, tags: {}, keys: null, models: null, providers: null },
    timezone: 'Etc/UTC',
    monthStartDay: 1,
    limits: [],
    thresholds: [80, 95, 100],
    onExceeded: { kind: 'block' },
    nearLimit: 'refuse',
    unbounded: 'assume',
    ...more,
  }
}
