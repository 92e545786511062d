import { SharedRoom, type Stay } from '#lib/shared-room.ts'
import type { BodyRoom, Timers } from '#ports.ts'

/** A caller whose request waits longer than this can do better than to wait. */
const mostWaitMs = 30_000

/**
 * Room in memory for the bodies of requests, from their first byte until their calls are over: a provider that takes a
 * minute to answer keeps each of them that long. Keys share it.
 */
export class HeldBodies {
  readonly #room = new SharedRoom(0)
  readonly #timers: Timers
  /** By the call itself: a map that is asked for a text makes that text permanent, and most calls are not here. */
  readonly #stays = new Map<object, Stay>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** From now on there is room for so much. */
  configure(bytes: number): void {
    this.#room.resize(bytes)
  }

  /** For the body of one call. */
  roomFor(call: object, keyId: string): BodyRoom {
    return {
      enter: (bytes) => this.#enter(call, keyId, bytes),
      shrink: (bytes) => this.#stays.get(call)?.shrink(bytes),
    }
  }

  /** The call is over, whatever became of it. */
  leave(call: object): void {
    const stay = this.#stays.get(call)
    if (stay === undefined) return
    this.#stays.delete(call)
    stay.leave()
  }

  #enter(call: object, keyId: string, bytes: number): Promise<boolean> | boolean {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const stay = this.#room.enter(keyId, bytes, () => {
      timer?.cancel()
      resolve(true)
    })
    this.#stays.set(call, stay)
    if (stay.inside) return true
    const timer = this.#timers.after(mostWaitMs, () => resolve(false))
    return promise
  }
}
