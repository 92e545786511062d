import type { InhibitEntry, LiveEntry, ReceiverEntry, RouteEntry } from './alert-schema.ts'
import type { BudgetEntry } from './budget-schema.ts'
import type { PathPart } from './faults.ts'
import type {
  AliasEntry,
  ExchangeRateEntry,
  IncomingEntry,
  JwtEntry,
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

/** An entry of a list as far as it is right: what one value of it is does not hide what is wrong with the others. */
export interface Part<T> extends Numbered<Partial<T>> {
  /** Settings that stand there and cannot be read. */
  readonly wrong: ReadonlySet<string>
  /** Something stands there that is no setting, or no entry at all. It may be the one that seems to be missing. */
  readonly misnamed: boolean
}

/** Which names a list has. Where one of them cannot be read, it may be any. */
export interface Names {
  has(name: string): boolean
}

/** Whether a setting stands there, or may do so. */
export function mayHave<T>({ entry, wrong, misnamed }: Part<T>, setting: keyof T & string): boolean {
  return misnamed || wrong.has(setting) || entry[setting] !== undefined
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
  /** The same lists with the entries that have faults. */
  readonly parts: EntryParts
  /** Of all keys, those with faults included. */
  readonly keyNames: Names
  /** Of all providers, those with faults and those from the environment included. */
  readonly providerNames: Names
  /** Those that a fault may repeat: where an entry has faults, its name may be a secret in the wrong place. */
  readonly toldNames: readonly string[]
  /**
   * False where it cannot be read which models some provider has, or what some alias is called: then nothing can be said of
   * what is served.
   */
  readonly modelsComplete: boolean
}

export interface EntryParts {
  readonly providers: readonly Part<ProviderEntry>[]
  readonly aliases: readonly Part<AliasEntry>[]
  readonly keys: readonly Part<KeyEntry>[]
  readonly prices: readonly Part<PriceEntry>[]
  readonly exchangeRates: readonly Part<ExchangeRateEntry>[]
  readonly budgets: readonly Part<BudgetEntry>[]
  readonly incoming: readonly Part<IncomingEntry>[]
  readonly jwt: Part<JwtEntry> | null
}

export interface AlertEntries {
  /** True as well where it cannot be read. */
  readonly allowPrivateUrls: boolean
  readonly receivers: readonly Numbered<ReceiverEntry>[]
  /** The same lists with the entries that have faults. */
  readonly parts: {
    readonly receivers: readonly Part<ReceiverEntry>[]
    readonly routes: readonly Part<RouteEntry>[]
    readonly inhibit: readonly Part<InhibitEntry>[]
  }
  /** Of all receivers, those with faults included. */
  readonly receiverNames: Names
  readonly routes: readonly Numbered<RouteEntry>[]
  /** False where the file says nothing of routes: then every receiver is told everything. */
  readonly routesWritten: boolean
  readonly inhibit: readonly Numbered<InhibitEntry>[]
  readonly live: LiveEntry | null
}

export type Report = (path: readonly PathPart[], wrong: string, expected: string) => void
