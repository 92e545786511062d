import { type PicoUsd, zeroUsd } from '#core/money/pico-usd.ts'

/** What a call cost, in parts that add up to the total exactly. Reporting currency: USD. */
export interface Cost {
  readonly inputPicoUsd: PicoUsd
  readonly cachedInputPicoUsd: PicoUsd
  readonly cacheWritePicoUsd: PicoUsd
  readonly outputPicoUsd: PicoUsd
  /** Searches, per-request fees, seconds, pages. */
  readonly otherPicoUsd: PicoUsd
  readonly totalPicoUsd: PicoUsd
  /** Which prices were used: names catalog or override, model, effective date and tier. Empty where nothing was priced. */
  readonly priceVersion: string
  /** True where tokens were used for which no price is known; the amounts then leave them out. */
  readonly unpriced: boolean
  /** What the provider bills: its currency, and the amount in 1e-12 of it. Equal to the total where that is USD. */
  readonly billingCurrency: string
  readonly billingPicoAmount: bigint
  /** The provider's own statement of the cost, where it makes one. */
  readonly providerStatedPicoUsd: PicoUsd | null
}

/** The cost of a call that was never billed. */
export const noCost: Cost = {
  inputPicoUsd: zeroUsd,
  cachedInputPicoUsd: zeroUsd,
  cacheWritePicoUsd: zeroUsd,
  outputPicoUsd: zeroUsd,
  otherPicoUsd: zeroUsd,
  totalPicoUsd: zeroUsd,
  priceVersion: '',
  unpriced: false,
  billingCurrency: 'USD',
  billingPicoAmount: 0n,
  providerStatedPicoUsd: null,
}
