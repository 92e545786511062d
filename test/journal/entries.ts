import type { CallFacts, OpenEntry, SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'

/** The facts of an ordinary call. */
export function callFacts(callId: string): CallFacts {
  return {
    callId,
    requestId: callId,
    startedAtMs: 1_790_000_000_000,
    payer: {
      department: 'engineering',
      project: 'search',
      costCenter: 'cc_search',
      userId: 'u-17',
      sessionId: '',
      featureFlag: '',
      requestPath: '',
      tags: {},
    },
    keyId: 'key_01',
    vendor: 'openai',
    upstream: 'openai',
    modelRequested: 'gpt-4.1',
    modelRouted: 'gpt-4.1',
    endpoint: 'chat.completions',
    stream: false,
    promptHash: '6f1ed002ab5595859014ebf0951522d9',
  }
}

export function openEntry(callId: string): OpenEntry {
  return { kind: 'open', call: callFacts(callId), estimatedInputTokens: 1200 }
}

export function settleEntry(callId: string, changes: Partial<SettleEntry> = {}): SettleEntry {
  return {
    kind: 'settle',
    call: callFacts(callId),
    endedAtMs: 1_790_000_000_900,
    outcome: 'served',
    modelServed: 'gpt-4.1-2025-04-14',
    usageSource: 'provider',
    tokens: {
      input: 1200,
      cachedInput: 1024,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: 350,
      reasoning: 0,
      inputAudio: 0,
      outputAudio: 0,
      inputImage: 0,
      outputImage: 0,
    },
    units: {},
    cost: {
      inputPicoUsd: picoUsd(352_000_000n),
      cachedInputPicoUsd: picoUsd(512_000_000n),
      cacheWritePicoUsd: picoUsd(0n),
      outputPicoUsd: picoUsd(2_800_000_000n),
      otherPicoUsd: picoUsd(0n),
      totalPicoUsd: picoUsd(3_664_000_000n),
      priceVersion: 'catalog:openai/gpt-4.1@2025-04-14',
      unpriced: false,
      billingCurrency: 'USD',
      billingPicoAmount: 3_664_000_000n,
      providerStatedPicoUsd: null,
    },
    marks: [],
    latencyMs: 899.25,
    timeToFirstTokenMs: 310.5,
    overheadMs: 0.21,
    statusCode: 200,
    errorCode: '',
    errorMessage: '',
    attempts: [{ startedAfterMs: 0.1, durationMs: 898.4, status: 200, errorCode: '' }],
    cacheHit: false,
    ...changes,
  }
}
