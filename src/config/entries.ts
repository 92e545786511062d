import type { PathPart } from './faults.ts'
import type { AliasEntry, ExchangeRateEntry, KeyEntry, PriceEntry, ProviderEntry, Singles } from './file-schema.ts'

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
  readonly singles: Partial<Singles>
  /** Names of all providers, those with faults and those from the environment included. */
  readonly providerNames: ReadonlySet<string>
  /** False where a provider was left out for its faults: then nothing can be said of what is served. */
  readonly providersComplete: boolean
  sha256(text: string): string
}

export type Report = (path: readonly PathPart[], wrong: string, expected: string) => void
