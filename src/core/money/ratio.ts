import type { Decimal } from './decimal.ts'
import { MoneyFault } from './fault.ts'

/** An exact fraction in lowest terms; `den` > 0. What a rate is while it is multiplied out, so that nothing is rounded twice. */
export interface Ratio {
  readonly num: bigint
  readonly den: bigint
}

export const one: Ratio = { num: 1n, den: 1n }

/** @throws MoneyFault `division_by_zero`. */
export function ratio(num: bigint, den: bigint): Ratio {
  if (den === 0n) throw new MoneyFault('division_by_zero', `${num} divided by zero`)
  const divisor = greatestCommonDivisor(num, den)
  const sign = den < 0n ? -1n : 1n
  return { num: (sign * num) / divisor, den: (sign * den) / divisor }
}

export function ratioOfDecimal(value: Decimal): Ratio {
  return ratio(value.unscaled, 10n ** BigInt(value.scale))
}

export function multiply(a: Ratio, b: Ratio): Ratio {
  return ratio(a.num * b.num, a.den * b.den)
}

/** @throws MoneyFault `division_by_zero`. */
export function invert(a: Ratio): Ratio {
  return ratio(a.den, a.num)
}

/**
 * `num` / `den` as a whole number, a tie going to the even neighbour: the rounding that has no drift over many sums.
 * `den` must be positive.
 */
export function divideHalfEven(num: bigint, den: bigint): bigint {
  const quotient = num / den
  const rest = num % den
  const twice = rest < 0n ? -2n * rest : 2n * rest
  if (twice < den || (twice === den && quotient % 2n === 0n)) return quotient
  return num < 0n ? quotient - 1n : quotient + 1n
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a
  let y = b < 0n ? -b : b
  while (y !== 0n) {
    const rest = x % y
    x = y
    y = rest
  }
  return x
}
