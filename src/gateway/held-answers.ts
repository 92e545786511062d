import { SharedRoom, type Stay } from '#lib/shared-room.ts'
import type { Timer, Timers } from '#ports.ts'

/** Callers who have taken nothing for so long keep others from theirs. */
const mostWaitMs = 30_000

interface Held {
  readonly keyId: string
  readonly stays: Stay[]
  /** Not all of it has come. */
  grows: boolean
  /** Of the room that it waits for. */
  timer: Timer | null
}

/**
 * Room in memory for answers that are taken in whole, until their callers have taken them. Keys share it. How long an answer
 * becomes is mostly not said, so that it takes room as it grows; lest all of a key wait for one another, the one that came
 * first is let go on where none of them is whole.
 */
export class HeldAnswers {
  readonly #room = new SharedRoom(0)
  readonly #timers: Timers
  /** In the order in which they came; by the call itself, as with `HeldBodies`. */
  readonly #held = new Map<object, Held>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** From now on there is room for so much. */
  configure(bytes: number): void {
    this.#room.resize(bytes)
  }

  /** Whether anything is held of a call. */
  has(call: object): boolean {
    return this.#held.has(call)
  }

  /** For so much more of a call's answer. False: there was no room for so long that it is not to be waited for. */
  grow(call: object, keyId: string, bytes: number): Promise<boolean> | boolean {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const held: Held = this.#held.get(call) ?? { keyId, stays: [], grows: true, timer: null }
    const stay = this.#room.enter(keyId, bytes, () => {
      held.timer?.cancel()
      resolve(true)
    })
    held.stays.push(stay)
    this.#held.set(call, held)
    if (stay.inside) return true
    held.timer = this.#timers.after(mostWaitMs, () => resolve(false))
    this.#letFirstGoOn(keyId)
    return promise
  }

  /** All of it has come, or all that will. */
  whole(call: object): void {
    const held = this.#held.get(call)
    if (held !== undefined) held.grows = false
  }

  /** Nothing of it is held any more. */
  leave(call: object): void {
    const held = this.#held.get(call)
    if (held === undefined) return
    this.#held.delete(call)
    // With it goes what would be told that there was no room: all that has come of the answer.
    held.timer?.cancel()
    for (const stay of held.stays) stay.leave()
    this.#letFirstGoOn(held.keyId)
  }

  #letFirstGoOn(keyId: string): void {
    const ofKey = [...this.#held.values()].filter((held) => held.keyId === keyId)
    if (ofKey.every(({ grows }) => grows)) ofKey[0]?.stays.at(-1)?.force()
  }
}
