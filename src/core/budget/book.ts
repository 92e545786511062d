import { Crowd } from '#core/crowd/crowd.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import { Account, type Bucket } from './account.ts'
import { AccountIndex, type Accounts, type BudgetAccounts } from './accounts.ts'
import { type AdmittedCall, type Amounts, type ByUnit, heldOf, spentOf } from './amounts.ts'
import { type Budget, type BudgetLimit, type LimitStatus, type ScopedCall, windowOf } from './budget.ts'
import type { Crossing } from './crossing.ts'
import { type Fold, foldOf } from './fold.ts'
import { Gap } from './gap.ts'
import { Hold, noCrossings } from './hold.ts'
import { basisOf, type GlobMatcher, scopeMatcher } from './scope.ts'
import { blocks, type Short, shortOf } from './short.ts'
import { type BudgetSnapshot, rememberedIn, snapshotOf } from './snapshot.ts'
import { statusOf } from './status.ts'

const noBudgets: readonly string[] = Object.freeze([])

/**
 * The accounts of all budgets: what is spent, held and available in each of their windows. For a blocking limit
 * `spent + held ≤ limit` holds whatever calls come in whatever order, except where more was booked than had been held;
 * then nothing more is granted.
 *
 * A call belongs to the windows in which it started (`startedAtMs`), whenever it ends and whatever the clock does, as
 * in reports: what is spent in a window is the sum over the ledger's entries that started in it. Windows are kept for
 * an hour after their end, or for as long as calls hold something in them. Where the clock is set back further than
 * that, what was spent then is not known any more: a hold finds the budget pending, and a fold of the ledger brings
 * it back. So nothing is ever reset or counted twice by a clock.
 *
 * Pure: time comes with the calls. Everything is pending at first, until `restore` or a `fold` says what was spent.
 */
export class BudgetBook {
  readonly #matcher: GlobMatcher
  readonly #open = new Crowd<Hold>()
  readonly #freed: (() => void)[] = []
  #budgets: readonly BudgetAccounts[] = []
  #index = new AccountIndex([])
  #gaps: readonly Gap[] = []
  readonly #ended = (hold: Hold): void => {
    this.#open.remove(hold)
    this.#tellFreed()
  }

  constructor(budgets: readonly Budget[], matcher: GlobMatcher) {
    this.#matcher = matcher
    this.reconfigure(budgets)
  }

  /** True where there are no budgets at all. */
  get isEmpty(): boolean {
    return this.#budgets.length === 0
  }

  /** Which limits are about a call. One lookup for calls like those before. */
  accountsOf(call: ScopedCall): Accounts {
    return this.#index.of(call)
  }

  /**
   * Sets aside the most that a call can take, in all limits that are about it or in none. Budgets that only notify
   * never refuse.
   *
   * @param rerouted budgets that have had this call rerouted already (`Short.reroute`): their money does not refuse it
   */
  hold(call: AdmittedCall, most: Amounts, rerouted: readonly string[] = noBudgets): Hold | Short {
    const { limits } = this.#index.of(call)
    const held = heldOf(most)
    const buckets: Bucket[] = []
    let fits = true
    for (const account of limits) {
      const bucket = account.bucketAt(call.startedAtMs) ?? this.#lose(account, call.startedAtMs)
      buckets.push(bucket)
      if (blocks(bucket, held[account.unit], rerouted)) fits = false
    }
    if (!fits) {
      const blocking = buckets.filter((bucket) => blocks(bucket, held[bucket.account.unit], rerouted))
      const short = shortOf(blocking, held, call.startedAtMs)
      if (short !== null) return short
    }
    return this.#begin(call, buckets, held, rerouted)
  }

  /**
   * Why `hold` would not give this; null where it would.
   *
   * @param rerouted as for `hold`
   */
  shortOf(call: AdmittedCall, most: Amounts, rerouted: readonly string[] = noBudgets): Short | null {
    const held = heldOf(most)
    const buckets = this.#index.of(call).limits.flatMap((account) => account.bucketAt(call.startedAtMs) ?? [])
    const blocking = buckets.filter((bucket) => blocks(bucket, held[bucket.account.unit], rerouted))
    return shortOf(blocking, held, call.startedAtMs)
  }

  /** The limits that are about work of which it is not known which models will do it. */
  accountsOfAnyModel(call: ScopedCall): Accounts {
    return this.#index.ofAnyModel(call)
  }

  /** Which limit has nothing left for such work, whatever calls under way give back; null where none is used up. */
  usedUp(call: AdmittedCall): Short | null {
    const { money, tokens } = this.accountsOfAnyModel(call)
    const buckets = [...money, ...tokens].flatMap((account) => account.bucketAt(call.startedAtMs) ?? [])
    const blocking = buckets.filter((bucket) => blocks(bucket, 1n, noBudgets))
    const short = shortOf(blocking, [1n, 0n, 1n, 0n], call.startedAtMs)
    return short === null || (short.canWait && short.kind !== 'not_ready') ? null : short
  }

  /**
   * What a call held is held, from now on, for what it has set off and has an entry of its own, as `keep` does. Nobody
   * comes between the two.
   */
  handOver(from: Hold, heir: AdmittedCall): Hold {
    const to = this.keep(heir, { picoUsd: from.heldPicoUsd, tokens: from.heldTokens })
    from.release()
    return to
  }

  /**
   * Holds what runs on without a caller, whether it fits or not: money, tokens and a request, but no place among the
   * calls under way. Windows that are forgotten are left alone, as nobody is admitted to them any more.
   */
  keep(call: AdmittedCall, most: Amounts): Hold {
    const buckets = this.#index.of(call).limits.flatMap((account) => account.bucketAt(call.startedAtMs) ?? [])
    return this.#begin(call, buckets, [most.picoUsd, 1n, BigInt(most.tokens), 0n], noBudgets)
  }

  #begin(call: AdmittedCall, buckets: readonly Bucket[], held: ByUnit, rerouted: readonly string[]): Hold {
    for (const gap of this.#gaps) gap.count(call.callId)
    const hold = new Hold(call, buckets, held, { rerouted, ended: this.#ended })
    this.#open.add(hold)
    return hold
  }

  /**
   * The least money that is left for a call in limits that refuse; nothing while it is not known, null without any.
   *
   * @param rerouted as for `hold`
   */
  available({ money }: Accounts, atMs: number, rerouted: readonly string[] = noBudgets): PicoUsd | null {
    const refusing = rerouted.length === 0 ? money : money.filter(({ budget }) => !rerouted.includes(budget.name))
    return this.#least(refusing, atMs) as PicoUsd | null
  }

  /** The same for tokens. */
  availableTokens({ tokens }: Accounts, atMs: number): bigint | null {
    return this.#least(tokens, atMs)
  }

  #least(accounts: readonly Account[], atMs: number): bigint | null {
    let least: bigint | null = null
    for (const account of accounts) {
      const bucket = account.gap === null ? account.bucketAt(atMs) : undefined
      const available = bucket?.available ?? 0n
      if (least === null || available < least) least = available
    }
    return least
  }

  /**
   * Books what was spent without a hold: entries that are replayed, costs from outside, interrupted calls. In windows
   * that are forgotten nothing is booked: the ledger has it.
   */
  book(call: AdmittedCall, amounts: Amounts): readonly Crossing[] {
    const { limits } = this.#index.of(call)
    for (const gap of this.#gaps) gap.count(call.callId)
    if (limits.length === 0) return noCrossings
    const spent = spentOf(amounts)
    const crossings: Crossing[] = []
    for (const account of limits) {
      const bucket = account.bucketAt(call.startedAtMs)
      if (bucket === undefined) continue
      bucket.post(spent[account.unit])
      bucket.tell(crossings)
    }
    return crossings
  }

  /** Crossings of the windows of `atMs` that no entry made: those of lowered limits, new thresholds, closed gaps. */
  crossings(atMs: number): readonly Crossing[] {
    const crossings: Crossing[] = []
    for (const account of this.#accounts()) {
      if (account.gap === null) account.peekAt(atMs)?.tell(crossings)
    }
    return crossings
  }

  /** The limits of all budgets but pending ones, in the order of the configuration. */
  status(atMs: number): readonly LimitStatus[] {
    return this.#accounts().flatMap((account) => {
      const bucket = account.gap === null ? account.peekAt(atMs) : undefined
      if (bucket === undefined && account.gap === null) this.#lose(account, atMs)
      return bucket === undefined ? [] : [statusOf(bucket, atMs)]
    })
  }

  /** Runs it whenever something was given back or became known, so that who waits can try again. */
  onFreed(run: () => void): void {
    this.#freed.push(run)
  }

  /** How many holds have not ended. */
  get openHolds(): number {
    return this.#open.size
  }

  /**
   * Takes over new budgets. What was spent stays in limits of the same quantity and window of a budget whose name,
   * scope, time zone and start of the month are the same; other limits are pending. Open holds go on: they leave
   * budgets that are gone, and are held in new ones that are about their calls, though they may not fit there.
   */
  reconfigure(budgets: readonly Budget[]): void {
    const gap = new Gap(this.#open.all().map(({ call }) => call.callId))
    const before = new Map(this.#budgets.map((old) => [old.budget.name, old]))
    for (const account of this.#accounts()) account.retired = true
    const added = new Set<Account>()
    this.#budgets = budgets.map((budget) => {
      const basis = basisOf(budget)
      const old = before.get(budget.name)
      const left = old?.basis === basis ? [...old.accounts] : []
      const accounts = budget.limits.map((limit) => {
        const account = takeAlike(left, limit) ?? new Account(budget, limit)
        if (account.retired) account.amend(budget, limit)
        else added.add(account)
        account.retired = false
        return account
      })
      const { scope } = budget
      const matches = scopeMatcher(scope, this.#matcher)
      const matchesAnyModel = scope.models === null ? matches : scopeMatcher({ ...scope, models: null }, this.#matcher)
      return { budget, basis, matches, matchesAnyModel, accounts }
    })
    for (const account of added) if (account.window !== null) account.lose(gap)
    this.#index = new AccountIndex(this.#budgets)
    for (const hold of this.#open.all())
      hold.rescope(this.#index.of(hold.call).limits.filter((limit) => added.has(limit)))
    this.#gaps = [...this.#gaps, gap]
    this.#closeGaps()
    this.#tellFreed()
  }

  /** The names of budgets of which it is not known what was spent. */
  pending(): readonly string[] {
    return this.#budgets.filter(isPending).map(({ budget }) => budget.name)
  }

  /**
   * Starts to find out from the ledger what pending budgets had spent.
   *
   * @param atMs the present: what it keeps begins a little before
   */
  fold(names: readonly string[], atMs: number): Fold {
    const wanted = this.#budgets.filter(({ budget }) => names.includes(budget.name))
    return foldOf(wanted, atMs, () => {
      this.#closeGaps()
      this.#tellFreed()
    })
  }

  /** What was spent, to be kept with the position in the journal up to which everything is booked. */
  snapshot(): BudgetSnapshot {
    return snapshotOf(this.#budgets)
  }

  /**
   * Takes over what a book had spent when it was told; entries since then are to be booked after it. What is not in the
   * snapshot, or was changed since, stays pending. False, and nothing is changed, where it is no snapshot of this
   * version, or calls are already held.
   */
  restore(snapshot: unknown): boolean {
    const remembered = this.#open.size > 0 ? null : rememberedIn(snapshot, this.#budgets)
    if (remembered === null) return false
    for (const { account, windows, knownSinceMs } of remembered) account.learn(windows, knownSinceMs)
    this.#closeGaps()
    return true
  }

  #accounts(): Account[] {
    return this.#budgets.flatMap(({ accounts }) => accounts)
  }

  /** The account is asked for a window that it has forgotten: it has to be found in the ledger again. */
  #lose(account: Account, atMs: number): Bucket {
    const gap = new Gap(this.#open.all().map(({ call }) => call.callId))
    account.lose(gap)
    this.#gaps = [...this.#gaps, gap]
    // All its windows are kept from now on, also those that were forgotten when a job began to be held.
    for (const hold of this.#open.all()) if (this.#index.of(hold.call).limits.includes(account)) hold.join(account)
    const bucket = account.bucketAt(atMs)
    if (bucket === undefined) throw new RangeError(`no window at ${atMs}`)
    return bucket
  }

  #closeGaps(): void {
    const open = new Set(this.#accounts().map(({ gap }) => gap))
    this.#gaps = this.#gaps.filter((gap) => open.has(gap))
  }

  #tellFreed(): void {
    for (const run of this.#freed) run()
  }
}

function isPending({ accounts }: BudgetAccounts): boolean {
  return accounts.some(({ gap }) => gap !== null)
}

/** Takes an account for the same quantity and window out of those that are left. */
function takeAlike(left: Account[], limit: BudgetLimit): Account | undefined {
  const window = windowOf(limit)
  const index = left.findIndex((account) => account.quantity === limit.quantity && account.window === window)
  return index === -1 ? undefined : left.splice(index, 1)[0]
}
