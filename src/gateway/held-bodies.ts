import { SharedRoom, type Stay } from '#lib/shared-room.ts'
import type { BodyRoom, Timer, Timers } from '#ports.ts'

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
  readonly #places = new Map<object, Place>()
  #closed = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** From now on there is room for so much. */
  configure(bytes: number): void {
    this.#room.resize(bytes)
  }

  /** For the body of one call. */
  roomFor(call: object, keyId: string): BodyRoom {
    return new RoomForOne(this, call, keyId)
  }

  /** False: not in time. */
  enter(call: object, keyId: string, bytes: number): Promise<boolean> | boolean {
    if (this.#closed) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    let timer: Timer | null = null
    const tell = (is: boolean): void => {
      timer?.cancel()
      resolve(is)
    }
    const stay = this.#room.enter(keyId, bytes, () => tell(true))
    this.#places.set(call, { stay, tell })
    if (stay.inside) return true
    timer = this.#timers.after(mostWaitMs, () => tell(false))
    return promise
  }

  /** The body of the call is no larger than this. */
  shrink(call: object, bytes: number): void {
    this.#places.get(call)?.stay.shrink(bytes)
  }

  /** The call is over, whatever became of it. */
  leave(call: object): void {
    const place = this.#places.get(call)
    if (place === undefined) return
    this.#places.delete(call)
    place.tell(false)
    place.stay.leave()
  }

  /** Nobody waits from now on. */
  stopWaiting(): void {
    this.#closed = true
    for (const { stay, tell } of this.#places.values()) if (!stay.inside) tell(false)
  }
}

interface Place {
  readonly stay: Stay
  /** Whether it has come in. Said once. */
  readonly tell: (is: boolean) => void
}

/** Made for every call, also for all those whose bodies are too small to ask: so it is little. */
class RoomForOne implements BodyRoom {
  readonly #bodies: HeldBodies
  readonly #call: object
  readonly #keyId: string

  constructor(bodies: HeldBodies, call: object, keyId: string) {
    this.#bodies = bodies
    this.#call = call
    this.#keyId = keyId
  }

  enter(bytes: number): Promise<boolean> | boolean {
    return this.#bodies.enter(this.#call, this.#keyId, bytes)
  }

  shrink(bytes: number): void {
    this.#bodies.shrink(this.#call, bytes)
  }
}
