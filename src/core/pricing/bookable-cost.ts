import { type Cost, noCost } from './cost.ts'

/** Ten million such requests of a batch together still are an amount that the store can hold (38 digits). */
const mostPico = 10n ** 31n

/** The cost, unless a slip in a rate made it one that no record can hold: then none, to be marked as unpriced. */
export function bookableCost(cost: Cost, marks: Set<string>): Cost {
  if (cost.totalPicoUsd <= mostPico && cost.billingPicoAmount <= mostPico) return cost
  marks.add('cost_invalid').add('unpriced')
  const { billingCurrency, priceVersion, providerStatedPicoUsd } = cost
  return { ...noCost, billingCurrency, priceVersion, providerStatedPicoUsd, unpriced: true }
}
