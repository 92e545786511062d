import { type Decimal, parseDecimal } from './decimal.ts'
import { MoneyFault } from './fault.ts'
import { type PicoUsd, picoUsd } from './pico-usd.ts'
import { divideHalfEven } from './ratio.ts'

/** Decimal places of every amount we keep. */
const amountPlaces = 12

/**
 * Reads an amount of USD.
 *
 * @throws MoneyFault `not_a_decimal`; `too_fine` for an amount that is not a whole number of 1e-12 USD, because what
 * we wrote ourselves never is: amounts of others go through `picoOfDecimal`.
 */
export function parseUsd(text: string): PicoUsd {
  const value = parseDecimal(text)
  if (value.scale > amountPlaces) throw new MoneyFault('too_fine', `finer than 1e-12 USD: ${text}`)
  return picoUsd(value.unscaled * 10n ** BigInt(amountPlaces - value.scale))
}

/** Plain decimal text with always 12 places and no exponent, so that equal amounts are equal texts. */
export function formatUsd(amount: PicoUsd): string {
  return formatPico(amount)
}

/** The same for an amount of any currency, in 1e-12 of its unit. */
export function formatPico(amount: bigint): string {
  const negative = amount < 0n
  const digits = (negative ? -amount : amount).toString().padStart(amountPlaces + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -amountPlaces)}.${digits.slice(-amountPlaces)}`
}

/** An amount that somebody else stated, in 1e-12 of its unit; finer digits are rounded half to even. */
export function picoOfDecimal(value: Decimal): bigint {
  if (value.scale <= amountPlaces) return value.unscaled * 10n ** BigInt(amountPlaces - value.scale)
  return divideHalfEven(value.unscaled, 10n ** BigInt(value.scale - amountPlaces))
}
