import type { Member } from '#core/crowd/crowd.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { Account, Bucket } from './account.ts'
import { type AdmittedCall, type Amounts, type ByUnit, spentOf } from './amounts.ts'
import type { Crossing } from './crossing.ts'
import { blocks, type Short, shortOf } from './short.ts'

export const noCrossings: readonly Crossing[] = Object.freeze([])

const noAccounts: readonly Account[] = Object.freeze([])
const nothing: ByUnit = [0n, 0n, 0n, 0n]

/**
 * A sum set aside for a running call in every limit that is about it. It ends once, by `settle` or `release`; whatever
 * is asked of it later does nothing.
 */
export class Hold implements Member {
  readonly kind = 'held'
  readonly call: AdmittedCall
  /** Where its book has it, while it is open. */
  place = -1
  readonly #ended: (hold: Hold) => void
  readonly #rerouted: readonly string[]
  #buckets: readonly Bucket[]
  #held: ByUnit
  #isOpen = true
  #madeLater: readonly Account[] = noAccounts

  /** Takes `held` from the buckets, whether it fits or not. `ended` is told once, when the hold is over. */
  constructor(
    call: AdmittedCall,
    buckets: readonly Bucket[],
    held: ByUnit,
    { rerouted, ended }: { readonly rerouted: readonly string[]; readonly ended: (hold: Hold) => void },
  ) {
    this.call = call
    this.#buckets = buckets
    this.#held = held
    this.#rerouted = rerouted
    this.#ended = ended
    for (const bucket of buckets) bucket.take(held[bucket.account.unit])
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** 0 after the end. */
  get heldPicoUsd(): PicoUsd {
    return this.#held[0] as PicoUsd
  }

  get heldTokens(): number {
    return Number(this.#held[2])
  }

  /** Sets aside so much more in all limits, or nothing in any. False where it does not fit, and after the end. */
  extend(picoUsd: PicoUsd, tokens: number): boolean {
    if (!this.#isOpen) return false
    const more: ByUnit = [picoUsd, 0n, BigInt(tokens), 0n]
    for (const bucket of this.#buckets) {
      const amount = more[bucket.account.unit]
      if (amount > 0n && this.#blocks(bucket, amount)) return false
    }
    for (const bucket of this.#buckets) bucket.available -= more[bucket.account.unit]
    this.#held = [this.#held[0] + picoUsd, this.#held[1], this.#held[2] + more[2], this.#held[3]]
    return true
  }

  /** Why an extension does not fit; null where it does. */
  shortOf(picoUsd: PicoUsd, tokens: number): Short | null {
    const more: ByUnit = [picoUsd, 0n, BigInt(tokens), 0n]
    const blocking = this.#buckets.filter((bucket) => {
      const amount = more[bucket.account.unit]
      return amount > 0n && this.#blocks(bucket, amount)
    })
    return shortOf(blocking, more, this.call.startedAtMs)
  }

  /** A budget that was made while the call runs does not end it before it is known what was spent. */
  #blocks(bucket: Bucket, amount: bigint): boolean {
    if (bucket.account.gap !== null && this.#madeLater.includes(bucket.account)) return false
    return blocks(bucket, amount, this.#rerouted)
  }

  /**
   * Books what the call cost in the windows in which it was admitted, and gives back the rest. The exact cost is booked
   * even where more was spent than held.
   */
  settle(amounts: Amounts): readonly Crossing[] {
    return this.#end(spentOf(amounts))
  }

  /** Gives all back: the call came to nothing, and no entry of it counts. */
  release(): void {
    this.#end(nothing)
  }

  #end(spent: ByUnit): readonly Crossing[] {
    if (!this.#isOpen) return noCrossings
    this.#isOpen = false
    const held = this.#held
    const back: ByUnit = [held[0] - spent[0], held[1] - spent[1], held[2] - spent[2], held[3] - spent[3]]
    let crossings: Crossing[] | null = null
    for (const bucket of this.#buckets) {
      const { unit } = bucket.account
      bucket.end(back[unit], spent[unit])
      if (bucket.tellAt !== null && bucket.spent >= bucket.tellAt) {
        crossings ??= []
        bucket.tell(crossings)
      }
    }
    this.#held = nothing
    this.#buckets = []
    this.#ended(this)
    return crossings ?? noCrossings
  }

  /** After a new configuration: leaves the accounts that are gone, and takes the same from new ones. */
  rescope(added: readonly Account[]): void {
    this.#buckets = this.#buckets.filter(({ account }) => !account.retired)
    for (const account of added) this.join(account)
    if (added.length > 0) this.#madeLater = [...this.#madeLater, ...added]
  }

  /** Takes the same from an account as from others, where it knows the call's window and nothing was taken from it yet. */
  join(account: Account): void {
    if (this.#buckets.some((bucket) => bucket.account === account)) return
    const bucket = account.bucketAt(this.call.startedAtMs)
    if (bucket === undefined) return
    bucket.take(this.#held[account.unit])
    this.#buckets = [...this.#buckets, bucket]
  }
}
