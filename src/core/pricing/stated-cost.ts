import { readDecimal } from '#core/money/decimal.ts'
import { type PicoUsd, picoUsd } from '#core/money/pico-usd.ts'
import { picoOfDecimal } from '#core/money/usd-text.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import type { Cost } from './cost.ts'

/** What a provider states, and whether that is all the call costs. */
interface StatedCost {
  readonly picoUsd: PicoUsd
  /** False where the caller's own key paid the model and nobody said how much: then the statement is only a fee. */
  readonly whole: boolean
}

/**
 * What the provider says the call cost; null where it says nothing, or nothing that is an amount (then it is marked).
 * With the caller's own key the provider's cost is a fee on top of what its upstream charged.
 */
export function statedCost(usage: ReportedUsage, marks: Set<string>): StatedCost | null {
  const own = statedAmount(usage.providerCostUsd, marks)
  if (own === null || usage.providerCostIsFee !== true) return own === null ? null : { picoUsd: own, whole: true }
  const upstream = statedAmount(usage.upstreamCostUsd, marks)
  if (upstream === null) marks.add('provider_cost_is_fee')
  return upstream === null ? { picoUsd: own, whole: false } : { picoUsd: picoUsd(own + upstream), whole: true }
}

/** No call costs a million dollars: a larger number is a mistake, and would spend every budget. */
const mostStatedPicoUsd = 10n ** 18n

function statedAmount(text: string | undefined, marks: Set<string>): PicoUsd | null {
  if (text === undefined) return null
  const value = readDecimal(text)
  const pico = value === null || value.unscaled < 0n ? null : picoOfDecimal(value)
  if (pico !== null && pico <= mostStatedPicoUsd) return picoUsd(pico)
  marks.add('provider_cost_invalid')
  return null
}

/**
 * Books the provider's own statement. It has no parts, so it is shared out in the proportion of our computed parts,
 * what does not divide going to the largest; without computed parts all of it is `other`.
 */
export function bookStated(computed: Cost, stated: PicoUsd): Cost {
  const parts = [
    computed.inputPicoUsd,
    computed.cachedInputPicoUsd,
    computed.cacheWritePicoUsd,
    computed.outputPicoUsd,
    computed.otherPicoUsd,
  ]
  const total = computed.totalPicoUsd
  const shares = total === 0n ? [0n, 0n, 0n, 0n, 0n] : parts.map((part) => (part * stated) / total)
  const rest = stated - shares.reduce((sum, share) => sum + share, 0n)
  const largest = total === 0n ? 4 : parts.reduce((best, part, i) => (part > (parts[best] ?? 0n) ? i : best), 0)
  const share = (i: number): PicoUsd => picoUsd((shares[i] ?? 0n) + (i === largest ? rest : 0n))
  return {
    inputPicoUsd: share(0),
    cachedInputPicoUsd: share(1),
    cacheWritePicoUsd: share(2),
    outputPicoUsd: share(3),
    otherPicoUsd: share(4),
    totalPicoUsd: stated,
    priceVersion: 'stated by the provider',
    unpriced: false,
    billingCurrency: 'USD',
    billingPicoAmount: stated,
    providerStatedPicoUsd: stated,
  }
}
