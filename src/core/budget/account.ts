import { limitOf, type Unit, unitOf } from './amounts.ts'
import { type Budget, type BudgetLimit, type BudgetWindow, windowOf } from './budget.ts'
import { type Crossing, shareOf, spentAtThreshold } from './crossing.ts'
import type { Gap } from './gap.ts'
import { type WindowSpan, windowAt } from './windows.ts'

/** How long a window is kept after its end for those that come late or read an earlier time; the one before always is. */
const keptMs = 3_600_000

const always: WindowSpan = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }

/** One window of an account. `limit = spent + held + available`, always. */
export class Bucket {
  readonly account: Account
  readonly startMs: number
  readonly endMs: number
  spent = 0n
  available: bigint
  /** Calls that hold something here. */
  open = 0
  /** The highest threshold that was told. */
  toldPercent = 0
  /** What must be spent for the next threshold to be told; null where there is none. */
  tellAt: bigint | null = null

  constructor(account: Account, { startMs, endMs }: WindowSpan) {
    this.account = account
    this.startMs = startMs
    this.endMs = endMs
    this.available = account.limit
    this.watch()
  }

  get held(): bigint {
    return this.account.limit - this.spent - this.available
  }

  take(amount: bigint): void {
    this.available -= amount
    this.open += 1
  }

  /** The end of what was taken: `back` is what was held less what was spent. */
  end(back: bigint, spent: bigint): void {
    this.available += back
    this.spent += spent
    this.open -= 1
  }

  /** Without having been held. */
  post(amount: bigint): void {
    this.available -= amount
    this.spent += amount
  }

  /** Finds the next threshold to be told. */
  watch(): void {
    const { gap, limit, thresholds } = this.account
    const next = gap === null ? thresholds.find((percent) => percent > this.toldPercent) : undefined
    this.tellAt = next === undefined ? null : spentAtThreshold(limit, next)
  }

  /** Adds what was crossed and not told yet to `crossings`. */
  tell(crossings: Crossing[]): void {
    const { budget, limit, thresholds, window } = this.account
    while (this.tellAt !== null && this.spent >= this.tellAt && window !== null) {
      const next = thresholds.find((percent) => percent > this.toldPercent)
      if (next === undefined) break
      this.toldPercent = next
      this.watch()
      crossings.push({
        budget: budget.name,
        window,
        thresholdPercent: next,
        windowStartMs: this.startMs,
        windowEndMs: this.endMs,
        limit,
        spent: this.spent,
      })
    }
  }
}

const noThresholds: readonly number[] = Object.freeze([])

/**
 * One limit of a budget with its windows. It knows all windows from `knownSinceMs` on: there, one without a bucket has
 * nothing spent. Of earlier ones it has only those that it still keeps.
 */
export class Account {
  budget: Budget
  limit: bigint
  readonly quantity: BudgetLimit['quantity']
  readonly unit: Unit
  /** Null for calls under way, which are counted without a window. */
  readonly window: BudgetWindow | null
  thresholds: readonly number[] = noThresholds
  /** Whether it refuses calls, rather than only being told of them. */
  refuses = false
  /** Set while what was spent is not known. The buckets then have only what came since. */
  gap: Gap | null = null
  /** It was taken out of the configuration. */
  retired = false
  knownSinceMs = Number.NEGATIVE_INFINITY
  /** The last pass over those who wait in which somebody was left waiting for it. */
  pass: object | null = null
  readonly #buckets: Bucket[] = []
  #current: Bucket | null = null

  constructor(budget: Budget, limit: BudgetLimit) {
    this.budget = budget
    this.limit = limitOf(limit)
    this.quantity = limit.quantity
    this.unit = unitOf[limit.quantity]
    this.window = windowOf(limit)
    this.amend(budget, limit)
  }

  /** All windows that are kept, oldest first. */
  get buckets(): readonly Bucket[] {
    return this.#buckets
  }

  /** Takes over edited terms; what was spent and held stays. */
  amend(budget: Budget, limit: BudgetLimit): void {
    const more = limitOf(limit) - this.limit
    this.budget = budget
    this.limit += more
    this.refuses = budget.onExceeded.kind !== 'notify'
    this.thresholds = limit.quantity === 'usd' ? [...budget.thresholds].sort((a, b) => a - b) : noThresholds
    for (const bucket of this.#buckets) {
      bucket.available += more
      // Told again is only what a raised limit has brought the use below; a threshold that is new is simply not told.
      const percent = Number(shareOf(bucket.spent, this.limit, 100n))
      if (more > 0n) bucket.toldPercent = Math.min(bucket.toldPercent, percent)
      bucket.watch()
    }
  }

  /** The window of an instant; undefined where it is no longer known what was spent in it. */
  bucketAt(atMs: number): Bucket | undefined {
    const current = this.#current
    if (current !== null && atMs >= current.startMs && atMs < current.endMs) return current
    return this.#otherAt(atMs)
  }

  /** The same to look at only: it begins no window, so that what is looked at changes nothing of what is kept. */
  peekAt(atMs: number): Bucket | undefined {
    const kept = this.#keptAt(atMs)
    if (kept !== undefined || atMs < this.knownSinceMs) return kept
    return new Bucket(this, this.spanAt(atMs))
  }

  #keptAt(atMs: number): Bucket | undefined {
    return this.#buckets.findLast(({ startMs, endMs }) => startMs <= atMs && atMs < endMs)
  }

  #otherAt(atMs: number): Bucket | undefined {
    const kept = this.#keptAt(atMs)
    if (kept !== undefined) {
      this.#current = kept
      return kept
    }
    if (atMs < this.knownSinceMs) return undefined
    const bucket = new Bucket(this, this.spanAt(atMs))
    const place = this.#buckets.findIndex(({ startMs }) => startMs > bucket.startMs)
    this.#buckets.splice(place === -1 ? this.#buckets.length : place, 0, bucket)
    this.#current = bucket
    this.#forgetBefore(bucket.startMs - keptMs)
    return bucket
  }

  spanAt(atMs: number): WindowSpan {
    if (this.window === null) return always
    return windowAt(this.window, this.budget.timezone, this.budget.monthStartDay, atMs)
  }

  /** The start of the earliest window that has to be known when it is `atMs`. */
  neededSinceMs(atMs: number): number {
    const before = this.spanAt(this.spanAt(atMs).startMs - 1).startMs
    return Math.min(before, this.spanAt(atMs - keptMs).startMs)
  }

  /** Where nothing is known (a gap) all is kept: it becomes known at once. */
  #forgetBefore(beforeMs: number): void {
    if (this.gap !== null) return
    for (let i = 0; i < this.#buckets.length; ) {
      const bucket = this.#buckets[i]
      if (bucket === undefined || bucket.endMs > beforeMs) return
      if (bucket.open > 0) {
        i += 1
      } else {
        this.#buckets.splice(i, 1)
        this.knownSinceMs = Math.max(this.knownSinceMs, bucket.endMs)
      }
    }
  }

  /** The windows before this instant in which something is held, oldest first. */
  heldBefore(beforeMs: number): readonly Bucket[] {
    return this.#buckets.filter(({ startMs, open }) => startMs < beforeMs && open > 0)
  }

  /** From now on what was spent is not known, only what is held and what comes. */
  lose(gap: Gap): void {
    this.gap = gap
    this.knownSinceMs = Number.NEGATIVE_INFINITY
    for (const bucket of this.#buckets) {
      bucket.available += bucket.spent
      bucket.spent = 0n
      bucket.watch()
    }
  }

  /**
   * What was spent is known again, from `knownSinceMs` on and in those windows before in which something is held. Adds to
   * what came meanwhile.
   */
  learn(windows: readonly SpentWindow[], knownSinceMs: number): void {
    for (const { atMs, spent, toldPercent } of windows) {
      const bucket = this.bucketAt(atMs)
      if (bucket === undefined) continue
      bucket.post(spent)
      bucket.toldPercent = Math.max(bucket.toldPercent, toldPercent)
    }
    this.gap = null
    this.knownSinceMs = knownSinceMs
    this.#current = null
    const known = this.#buckets.filter(({ startMs, open }) => startMs >= knownSinceMs || open > 0)
    this.#buckets.splice(0, this.#buckets.length, ...known)
    for (const bucket of known) bucket.watch()
  }
}

/** What was spent in the window of an instant. */
export interface SpentWindow {
  readonly atMs: number
  readonly spent: bigint
  readonly toldPercent: number
}
