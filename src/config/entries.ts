import type { InhibitEntry, LiveEntry, ReceiverEntry, RouteEntry } from './alert-schema.ts'
import type { BudgetEntry } from './budget-schema.ts'
import type { PathPart } from './faults.ts'
import type {
  AliasEntry,
  ExchangeRateEntry,
  IncomingEntry,
  KeyEntry,
  PriceEntry,
  ProviderEntry,
  Singles,
} from './file-schema.ts'

/** An entry of a list with its place in the file, since wrong entries beside it are left out. */
export interface Numbered<T> {
  readonly index: number
  readonly entry: T
}

/** What the file says, as far as it is right value by value; not yet checked against itself. */
export interface Entries {
  readonly providers: readonly Numbered<ProviderEntry>[]
  readonly aliases: readonly Numbered<AliasEntry>[]
  readonly keys: readonly Numbered<KeyEntry>[]
  readonly prices: readonly Numbered<PriceEntry>[]
  readonly exchangeRates: readonly Numbered<ExchangeRateEntry>[]
  readonly budgets: readonly Numbered<BudgetEntry>[]
  readonly incoming: readonly Numbered<IncomingEntry>[]
  readonly alerts: AlertEntries
  readonly singles: Partial<Singles>
  /** Names of all keys, those with faults included. */
  readonly keyNames: ReadonlySet<string>
  /** Names of all providers, those with faults and those from the environment included. */
  readonly providerNames: ReadonlySet<string>
  /** False where a provider was left out for its faults: then nothing can be said of what is served. */
  readonly providersComplete: boolean
}

export interface AlertEntries {
  readonly allowPrivateUrls: boolean
  readonly receivers: readonly Numbered<ReceiverEntry>[]
  /** Names of all receivers, those with faults included. */
  readonly receiverNames: ReadonlySet<string>
  readonly routes: readonly Numbered<RouteEntry>[]
  /** False where the file says nothing of routes: then every receiver is told everything. */
  readonly routesWritten: boolean
  readonly inhibit: readonly Numbered<InhibitEntry>[]
  readonly live: LiveEntry | null
}

export type Report = (path: readonly PathPart[], wrong: string, expected: string) => void
