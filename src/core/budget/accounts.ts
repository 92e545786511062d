import type { Payer } from '#core/attribution/payer.ts'
import type { Account } from './account.ts'
import { type Budget, type ScopedCall, unboundedRules } from './budget.ts'
import { sameness } from './scope.ts'

/** The limits that are about a call. Ask anew after waiting: a new configuration makes new ones. */
export interface Accounts {
  readonly limits: readonly Account[]
  /** Those of money and of tokens that refuse calls. */
  readonly money: readonly Account[]
  readonly tokens: readonly Account[]
}

/** The budget with the strictest rule for calls without a bound; null where there is none. */
export function strictest(accounts: readonly Account[]): Budget | null {
  let found: Budget | null = null
  for (const { budget } of accounts) {
    if (found === null || strictness(budget) > strictness(found)) found = budget
  }
  return found
}

function strictness({ unbounded }: Budget): number {
  return unboundedRules.indexOf(unbounded)
}

/** What a budget has become: whose calls it is about, and an account for each of its limits. */
export interface BudgetAccounts {
  readonly budget: Budget
  readonly basis: string
  readonly matches: (call: ScopedCall) => boolean
  /** The same where any model may serve. */
  readonly matchesAnyModel: (call: ScopedCall) => boolean
  readonly accounts: readonly Account[]
}

/** For calls that no budget is about. */
const noAccounts: Accounts = Object.freeze({ limits: [], money: [], tokens: [] })

/** How many are remembered: payers and models come from callers, so there must be an end to it. */
const rememberedPayers = 1000
const rememberedKinds = 10_000

interface Last {
  keyId: string
  upstream: string
  modelRouted: string
  accounts: Accounts
}

/**
 * Finds the limits that are about a call. Two memories keep that short: what the same payer object was found last, with
 * the same key, upstream and model (a key's own attribution is one object for all its calls), and what any call was
 * found that the scopes cannot tell from this one.
 */
export class AccountIndex {
  readonly #budgets: readonly BudgetAccounts[]
  readonly #sameness: (call: ScopedCall) => string
  readonly #byPayer = new Map<Payer, Last>()
  readonly #byKind = new Map<string, Accounts>()

  constructor(budgets: readonly BudgetAccounts[]) {
    this.#budgets = budgets
    this.#sameness = sameness(budgets.map(({ budget }) => budget.scope))
  }

  of(call: ScopedCall): Accounts {
    if (this.#budgets.length === 0) return noAccounts
    const last = this.#byPayer.get(call.payer)
    if (last === undefined) {
      const { keyId, upstream, modelRouted } = call
      const accounts = this.#ofKind(call)
      if (this.#byPayer.size >= rememberedPayers) this.#byPayer.clear()
      this.#byPayer.set(call.payer, { keyId, upstream, modelRouted, accounts })
      return accounts
    }
    if (last.keyId !== call.keyId || last.upstream !== call.upstream || last.modelRouted !== call.modelRouted) {
      last.accounts = this.#ofKind(call)
      last.keyId = call.keyId
      last.upstream = call.upstream
      last.modelRouted = call.modelRouted
    }
    return last.accounts
  }

  /** For work of which it is not known which models will do it. Slower: nothing of it is remembered. */
  ofAnyModel(call: ScopedCall): Accounts {
    return accountsIn(this.#budgets.filter(({ matchesAnyModel }) => matchesAnyModel(call)))
  }

  #ofKind(call: ScopedCall): Accounts {
    const kind = this.#sameness(call)
    const known = this.#byKind.get(kind)
    if (known !== undefined) return known
    const accounts = this.#find(call)
    if (this.#byKind.size >= rememberedKinds) this.#byKind.clear()
    this.#byKind.set(kind, accounts)
    return accounts
  }

  #find(call: ScopedCall): Accounts {
    return accountsIn(this.#budgets.filter(({ matches }) => matches(call)))
  }
}

function accountsIn(budgets: readonly BudgetAccounts[]): Accounts {
  const limits = budgets.flatMap(({ accounts }) => accounts)
  if (limits.length === 0) return noAccounts
  const money = limits.filter(({ quantity, refuses }) => refuses && quantity === 'usd')
  const tokens = limits.filter(({ quantity, refuses }) => refuses && quantity === 'tokens')
  return { limits, money, tokens }
}
