declare const brand: unique symbol

/** An amount of money in 1e-12 USD. May be negative in corrections. */
export type PicoUsd = bigint & { readonly [brand]: 'PicoUsd' }

/** Brands a bigint that is known to count 1e-12 USD. */
export function picoUsd(amount: bigint): PicoUsd {
  return amount as PicoUsd
}

export const zeroUsd: PicoUsd = picoUsd(0n)
