import type { OpenEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { PriceBook } from '#core/pricing/price-book.ts'

/**
 * The record of a call that the gateway's death left open: booked with the tokens guessed from its request, since
 * nobody knows what the provider made of it, and marked as estimated.
 */
export function settleInterrupted(open: OpenEntry, prices: PriceBook, nowMs: number): SettleEntry {
  const { call } = open
  const counted = open.estimatedInputTokens > 0
  const usageSource = counted ? 'estimated' : 'none'
  const priced = prices.priceCall({
    upstream: call.upstream,
    vendor: call.vendor,
    modelServed: call.modelRouted,
    modelRouted: call.modelRouted,
    endpoint: call.endpoint,
    atMs: call.startedAtMs,
    usage: counted ? { inputTokens: open.estimatedInputTokens } : null,
    usageSource,
  })
  return {
    kind: 'settle',
    call,
    endedAtMs: Math.max(nowMs, call.startedAtMs),
    outcome: 'interrupted',
    modelServed: call.modelRouted,
    usageSource,
    tokens: priced.tokens,
    units: priced.units,
    cost: priced.cost,
    marks: priced.marks,
    latencyMs: Math.max(0, nowMs - call.startedAtMs),
    timeToFirstTokenMs: null,
    overheadMs: 0,
    statusCode: 0,
    errorCode: 'interrupted',
    errorMessage: 'the gateway died before the answer had ended',
    attempts: [],
    cacheHit: false,
  }
}
