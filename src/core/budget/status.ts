import type { Bucket } from './account.ts'
import type { Budget, LimitStatus } from './budget.ts'
import { shareOf } from './crossing.ts'

/** The state of the limit whose window `atMs` lies in. */
export function statusOf(bucket: Bucket, atMs: number): LimitStatus {
  const { account, startMs, endMs, spent, held, available } = bucket
  const { budget, quantity, window, limit } = account
  const timed = window !== null
  // Calls under way are never spent: what they use of their limit is held.
  const used = timed ? spent : held
  return {
    budget: budget.name,
    quantity,
    window,
    limit,
    spent,
    held,
    available,
    permilleUsed: Number(shareOf(used, limit, 1000n)),
    state: stateOf(used, limit, budget),
    windowStartMs: timed ? startMs : null,
    windowEndMs: timed ? endMs : null,
    forecast: timed ? forecastOf(bucket, atMs) : null,
  }
}

/** exceeded: all is used. critical: the last threshold before that is crossed, where there are two. warning: any is. */
function stateOf(used: bigint, limit: bigint, { thresholds }: Budget): LimitStatus['state'] {
  if (used >= limit) return 'exceeded'
  const before = thresholds.filter((percent) => percent < 100)
  const crossed = before.filter((percent) => used * 100n >= limit * BigInt(percent)).length
  if (crossed === 0) return 'ok'
  return crossed === before.length && crossed > 1 ? 'critical' : 'warning'
}

/** In a straight line. A twentieth of the window is too little to tell. */
function forecastOf({ startMs, endMs, spent }: Bucket, atMs: number): bigint | null {
  const elapsedMs = atMs - startMs
  const lengthMs = endMs - startMs
  if (elapsedMs * 20 < lengthMs) return null
  return (spent * BigInt(lengthMs)) / BigInt(Math.floor(elapsedMs))
}
