import type { SettleEntry } from '#core/ledger/entry.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { settleEntry } from '#test/journal/entries.ts'

export interface Spent {
  readonly callId: string
  readonly atMs: number
  readonly model?: string
  readonly department?: string
  readonly outputTokens?: number
  /** In 1e-12 USD. */
  readonly cost?: bigint
}

/** A call that ended just when it began. */
export function spent({ callId, atMs, model, department, outputTokens, cost }: Spent): SettleEntry {
  const entry = settleEntry(callId)
  const total = picoUsd(cost ?? 0n)
  const routed = model ?? entry.call.modelRouted
  return {
    ...entry,
    call: {
      ...entry.call,
      startedAtMs: atMs,
      modelRequested: routed,
      modelRouted: routed,
      promptHash: '',
      payer: { ...entry.call.payer, department: department ?? entry.call.payer.department },
    },
    endedAtMs: atMs,
    tokens: { ...entry.tokens, output: outputTokens ?? 1 },
    cost: {
      ...entry.cost,
      ...{ inputPicoUsd: picoUsd(0n), cachedInputPicoUsd: picoUsd(0n), cacheWritePicoUsd: picoUsd(0n) },
      ...{ outputPicoUsd: total, otherPicoUsd: picoUsd(0n), totalPicoUsd: total },
      ...{ billingCurrency: 'USD', billingPicoAmount: total, unpriced: false },
    },
  }
}
