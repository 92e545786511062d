import type { Account, Bucket } from './account.ts'
import type { ByUnit } from './amounts.ts'
import type { Budget, BudgetLimit, BudgetWindow } from './budget.ts'

/** Why a call gets no hold: the limit that is the tightest, and what can be done about it. */
export interface Short {
  /**
   * budget: not enough money. limited: too many requests, tokens or calls under way. not_ready: what was spent is not
   * known yet; soon it is. Where several hold, in this order: money that no waiting brings back, a rate that no waiting
   * for other calls brings back, not_ready, whatever other calls may give back.
   */
  readonly kind: 'budget' | 'limited' | 'not_ready'
  readonly budget: string
  readonly quantity: BudgetLimit['quantity']
  /** Null for calls under way. */
  readonly window: BudgetWindow | null
  /** Money in 1e-12 USD, others are counts. What is spent is not known where it is not_ready. */
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  readonly available: bigint
  readonly windowStartMs: number | null
  readonly windowEndMs: number | null
  /** From when the call started until the limit is reset; a second for what has no such time. */
  readonly retryAfterMs: number
  /** All limits that stand in the way. */
  readonly inTheWay: readonly Account[]
  /** Whether it could fit once other calls have ended: it would if nothing were held. */
  readonly canWait: boolean
  /** refuse where any budget without enough money, or tokens, says so. */
  readonly nearLimit: Budget['nearLimit']
  /**
   * Set where money is what is short, and all budgets that have too little of it would have the call served by another
   * model. Pass `budgets` to the hold of the rerouted call: they no longer refuse it.
   */
  readonly reroute: { readonly model: string; readonly budgets: readonly string[] } | null
}

const noTimeMs = 1000

/** Whether an account stands in the way of taking this much from it. */
export function blocks({ account, available }: Bucket, amount: bigint, rerouted: readonly string[]): boolean {
  // Who takes nothing of a limit is not refused by it, however it stands.
  if (!account.refuses || amount === 0n || (available >= amount && account.gap === null)) return false
  // For a concurrent limit nothing is ever unknown, and a rerouted call passes only the budget's money.
  return account.unit !== 0 || rerouted.length === 0 || !rerouted.includes(account.budget.name)
}

/** Of the buckets that block, what is to be said. */
export function shortOf(blocking: readonly Bucket[], amounts: ByUnit, atMs: number): Short | null {
  let worst: Verdict | null = null
  for (const bucket of blocking) {
    const verdict = judge(bucket, amounts[bucket.account.unit])
    if (worst === null || isTighter(verdict, worst)) worst = verdict
  }
  if (worst === null) return null
  const { bucket, kind, canWait } = worst
  const { account, startMs, endMs, spent, held, available } = bucket
  const timed = account.window !== null
  const money = blocking.filter((other) => kindOf(other) === 'budget')
  return {
    kind,
    budget: account.budget.name,
    quantity: account.quantity,
    window: account.window,
    limit: account.limit,
    spent,
    held,
    available,
    windowStartMs: timed ? startMs : null,
    windowEndMs: timed ? endMs : null,
    retryAfterMs: timed && kind !== 'not_ready' ? Math.max(1, endMs - atMs) : noTimeMs,
    inTheWay: blocking.map((one) => one.account),
    canWait,
    nearLimit: blocking.some(mustNotShrink) ? 'refuse' : 'shrink',
    reroute: kind === 'budget' ? rerouteOf(account, money) : null,
  }
}

/** A shorter answer takes less of money and of tokens, and no less of anything else. */
function mustNotShrink({ account: { quantity, budget } }: Bucket): boolean {
  return (quantity === 'usd' || quantity === 'tokens') && budget.nearLimit === 'refuse'
}

interface Verdict {
  readonly bucket: Bucket
  readonly kind: Short['kind']
  readonly canWait: boolean
  readonly rank: number
}

function judge(bucket: Bucket, amount: bigint): Verdict {
  const { account, spent } = bucket
  const kind = kindOf(bucket)
  if (kind === 'not_ready') return { bucket, kind, canWait: true, rank: 1 }
  // A request that was admitted stays one, whatever becomes of it.
  const canWait = account.quantity !== 'requests' && spent + amount <= account.limit
  if (canWait) return { bucket, kind, canWait, rank: 0 }
  return { bucket, kind, canWait, rank: kind === 'budget' ? 3 : 2 }
}

function kindOf({ account }: Bucket): Short['kind'] {
  if (account.gap !== null) return 'not_ready'
  return account.quantity === 'usd' ? 'budget' : 'limited'
}

function isTighter(a: Verdict, b: Verdict): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank
  if (a.kind !== b.kind) return a.kind === 'budget'
  return a.kind === 'limited' ? a.bucket.endMs > b.bucket.endMs : a.bucket.available < b.bucket.available
}

function rerouteOf({ budget }: Account, money: readonly Bucket[]): Short['reroute'] {
  if (budget.onExceeded.kind !== 'reroute') return null
  const budgets = new Set(money.map(({ account }) => account.budget))
  for (const { onExceeded } of budgets) if (onExceeded.kind !== 'reroute') return null
  return { model: budget.onExceeded.model, budgets: [...budgets].map(({ name }) => name) }
}
