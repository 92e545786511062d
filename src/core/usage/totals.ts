/** Token counts as the record and the reports show them; wholes contain their parts. */
export interface TokenTotals {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly output: number
  readonly reasoning: number
  readonly inputAudio: number
  readonly outputAudio: number
  readonly inputImage: number
  readonly outputImage: number
}

/** Input and output together are then still counted exactly. No provider's count comes near it. */
const mostTokens = 2 ** 52 - 1

/** Of passes, or of the requests of a batch. A sum of mistakes ends where the ledger could no longer hold it. */
export function tokensTogether(a: number, b: number): number {
  return Math.min(a + b, mostTokens)
}

export const noTokens: TokenTotals = {
  input: 0,
  cachedInput: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  reasoning: 0,
  inputAudio: 0,
  outputAudio: 0,
  inputImage: 0,
  outputImage: 0,
}
