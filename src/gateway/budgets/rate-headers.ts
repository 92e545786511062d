import type { Accounts } from '#core/budget/accounts.ts'

const none: readonly string[] = Object.freeze([])

/**
 * What is left of the limits on requests and tokens that are about a call, of each kind the one that is nearest to its
 * end, in the headers that OpenAI's SDKs and proxies read
 * (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers). Empty where there are no such limits.
 */
export function rateHeaders({ limits }: Accounts, atMs: number): readonly string[] {
  let headers: string[] | null = null
  for (const quantity of ['requests', 'tokens'] as const) {
    let tightest: { limit: bigint; available: bigint; endMs: number } | null = null
    for (const account of limits) {
      if (account.quantity !== quantity || !account.refuses || account.gap !== null) continue
      const bucket = account.bucketAt(atMs)
      if (bucket === undefined) continue
      const { available, endMs } = bucket
      if (tightest === null || available < tightest.available) tightest = { limit: account.limit, available, endMs }
    }
    if (tightest === null) continue
    const { limit, available, endMs } = tightest
    headers ??= []
    headers.push(
      ...[`x-ratelimit-limit-${quantity}`, String(limit)],
      ...[`x-ratelimit-remaining-${quantity}`, String(available > 0n ? available : 0n)],
      ...[`x-ratelimit-reset-${quantity}`, durationText(Math.max(0, endMs - atMs))],
    )
  }
  return headers ?? none
}

/** As OpenAI writes it: `6m0s`, `1s`, `20ms`. */
function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const units = ['h', 'm', 's']
  const from = parts.findIndex((part) => part > 0)
  return parts
    .slice(from)
    .map((part, index) => `${part}${units[from + index]}`)
    .join('')
}
