import { randomFrom } from '#simulator/random.ts'

/** Seeded chance, in the forms that plans need. */
export class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }

  next(): number {
    return this.#random()
  }

  /** Whole, from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1))
  }

  of<T>(values: readonly [T, ...T[]]): T {
    return values[Math.floor(this.#random() * values.length)] ?? values[0]
  }

  happens(ratio: number): boolean {
    return this.#random() < ratio
  }
}
