import type { SettleEntry } from '#core/ledger/entry.ts'
import type { Sums } from '#core/ledger/questions.ts'

/** What the store's sums must come to, added up the plain way. Latencies apart. */
export function naiveSums(entries: readonly SettleEntry[]): Omit<Sums, 'latencyMs'> {
  const total = (pick: (entry: SettleEntry) => number) =>
    String(entries.reduce((sum, entry) => sum + BigInt(pick(entry)), 0n))
  return {
    requests: String(entries.length),
    errors: total((entry) => Number(failed(entry))),
    inputTokens: total((entry) => entry.tokens.input),
    cachedInputTokens: total((entry) => entry.tokens.cachedInput),
    cacheWriteTokens: total((entry) => entry.tokens.cacheWrite5m + entry.tokens.cacheWrite1h),
    outputTokens: total((entry) => entry.tokens.output),
    reasoningTokens: total((entry) => entry.tokens.reasoning),
    totalTokens: total((entry) => entry.tokens.input + entry.tokens.output),
    costUsd: plainText(entries.reduce((sum, entry) => sum + entry.cost.totalPicoUsd, 0n)),
    unpricedRequests: total((entry) => Number(entry.cost.unpriced)),
  }
}

function failed(entry: SettleEntry): boolean {
  return ['failed', 'refused', 'interrupted'].includes(entry.outcome) || entry.statusCode >= 400
}

/** Shortest decimal text of an amount in 1e-12. */
export function plainText(pico: bigint): string {
  const digits = String(pico).padStart(13, '0')
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '')
}

/** The value below which a share of the sorted values lies. */
export function rankOf(value: number, values: readonly number[]): number {
  return values.filter((other) => other <= value).length / values.length
}
