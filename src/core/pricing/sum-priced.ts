import { picoUsd } from '#core/money/pico-usd.ts'
import { type TokenTotals, tokensTogether } from '#core/usage/totals.ts'
import { type Cost, noCost } from './cost.ts'
import { joinVersions } from './join-versions.ts'
import type { PricedCall } from './price-call.ts'

/**
 * What several calls cost together, to the last digit: each was priced by itself, with its own context tier and its
 * own roundings, as its provider bills it. All are of one upstream.
 */
export function sumPriced(first: PricedCall, rest: readonly PricedCall[]): PricedCall {
  let { cost, tokens } = first
  const units = { ...first.units }
  const marks = new Set(first.marks)
  for (const call of rest) {
    cost = sumOfCosts(cost, call.cost)
    tokens = sumOfTokens(tokens, call.tokens)
    for (const [unit, amount] of Object.entries(call.units)) units[unit] = (units[unit] ?? 0) + amount
    for (const mark of call.marks) marks.add(mark)
  }
  return { cost, tokens, units, marks: [...marks] }
}

function sumOfCosts(a: Cost, b: Cost): Cost {
  const total = picoUsd(a.totalPicoUsd + b.totalPicoUsd)
  const oneCurrency = a.billingCurrency === b.billingCurrency
  return {
    inputPicoUsd: picoUsd(a.inputPicoUsd + b.inputPicoUsd),
    cachedInputPicoUsd: picoUsd(a.cachedInputPicoUsd + b.cachedInputPicoUsd),
    cacheWritePicoUsd: picoUsd(a.cacheWritePicoUsd + b.cacheWritePicoUsd),
    outputPicoUsd: picoUsd(a.outputPicoUsd + b.outputPicoUsd),
    otherPicoUsd: picoUsd(a.otherPicoUsd + b.otherPicoUsd),
    totalPicoUsd: total,
    priceVersion: joinVersions(a.priceVersion, b.priceVersion),
    unpriced: a.unpriced || b.unpriced,
    billingCurrency: oneCurrency ? a.billingCurrency : 'USD',
    billingPicoAmount: oneCurrency ? a.billingPicoAmount + b.billingPicoAmount : total,
    providerStatedPicoUsd: sumOfStated(a, b),
  }
}

/** Null where one of them states nothing: a sum of the others would be taken for that of all. */
function sumOfStated(a: Cost, b: Cost): Cost['providerStatedPicoUsd'] {
  if (a.providerStatedPicoUsd === null || b.providerStatedPicoUsd === null) return noCost.providerStatedPicoUsd
  return picoUsd(a.providerStatedPicoUsd + b.providerStatedPicoUsd)
}

function sumOfTokens(a: TokenTotals, b: TokenTotals): TokenTotals {
  const sum: { -readonly [K in keyof TokenTotals]: number } = { ...a }
  for (const kind of Object.keys(b) as (keyof TokenTotals)[]) sum[kind] = tokensTogether(sum[kind], b[kind])
  return sum
}
