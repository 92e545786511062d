import { MoneyFault } from './fault.ts'

/** An exact decimal number: `unscaled` divided by ten to the power of `scale`. Always in lowest terms, `scale` ≥ 0. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

const shape = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,3}))?$/
/** Longer texts are no price; the bound keeps a hostile answer from costing memory. */
const longestText = 100
/** Doubles end at 1e308 and 5e-324, so every number that JSON can carry is inside. */
const largestExponent = 400

/**
 * Reads decimal text, exponent form included, without ever passing a float.
 *
 * @throws MoneyFault `not_a_decimal`.
 */
export function parseDecimal(text: string): Decimal {
  const parsed = readDecimal(text)
  if (parsed === null)
    throw new MoneyFault('not_a_decimal', `not a decimal number: ${JSON.stringify(text.slice(0, 40))}`)
  return parsed
}

/** The same, for text that comes from outside while a call is priced: null where it is not a decimal number. */
export function readDecimal(text: string): Decimal | null {
  const match = text.length <= longestText ? shape.exec(text) : null
  if (match === null) return null
  const fraction = match[3] ?? match[4] ?? ''
  const exponent = Number(match[5] ?? '0')
  if (Math.abs(exponent) > largestExponent) return null
  const digits = BigInt(`${match[2] ?? ''}${fraction}`)
  return normal(match[1] === '-' ? -digits : digits, fraction.length - exponent)
}

/**
 * The decimal number that a catalog's JSON number was written as. Its shortest text that reads back as the same
 * double is what the author typed, for anything of up to 15 digits; so 0.1 is one tenth and not 0.1000000000000000055.
 *
 * @throws MoneyFault `not_a_decimal` for NaN and infinities.
 */
export function decimalOfNumber(value: number): Decimal {
  return parseDecimal(String(value))
}

/** Plain decimal text, shortest form, no exponent. */
export function formatDecimal(value: Decimal): string {
  const negative = value.unscaled < 0n
  const digits = (negative ? -value.unscaled : value.unscaled).toString().padStart(value.scale + 1, '0')
  const whole = digits.slice(0, digits.length - value.scale)
  const fraction = value.scale === 0 ? '' : `.${digits.slice(-value.scale)}`
  return `${negative ? '-' : ''}${whole}${fraction}`
}

function normal(unscaled: bigint, scale: number): Decimal {
  if (unscaled === 0n) return { unscaled: 0n, scale: 0 }
  if (scale < 0) return { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 }
  let digits = unscaled
  let places = scale
  while (places > 0 && digits % 10n === 0n) {
    digits /= 10n
    places -= 1
  }
  return { unscaled: digits, scale: places }
}
