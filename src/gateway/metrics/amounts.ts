/** The double nearest to an exact amount of 1e-12 USD, in USD. Text in between, so that it is rounded once. */
export function usdOfPico(amount: bigint): number {
  return Number(`${amount}e-12`)
}

/** The same in US cents. */
export function centsOfPico(amount: bigint): number {
  return Number(`${amount}e-10`)
}
