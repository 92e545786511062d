import { Turns } from './turns.ts'

/** What somebody has of the room, or waits for. */
export interface Stay {
  readonly inside: boolean
  /** Less than was asked for is enough from now on. */
  shrink(size: number): void
  /** Comes in whether there is room or not: where waiting would never end. */
  force(): void
  /** Gives back what it has, or waits no more. Without effect when done again. */
  leave(): void
}

/**
 * Room for so much and no more, which whoever comes shares by one rule: nobody's share becomes larger than what is then
 * left free. So one alone has half of it, two have a third each, and whoever comes next finds some. Who finds none waits,
 * and those who wait take turns. What is larger than the rule ever allows comes in alone.
 */
export class SharedRoom {
  #size: number
  #taken = 0
  readonly #shares = new Map<string, number>()
  readonly #waiting = new Turns<Guest>()

  constructor(size: number) {
    this.#size = size
  }

  resize(size: number): void {
    this.#size = size
    this.#letIn()
  }

  /** @param whenInside called later, where it has to be waited for; never before this returns. */
  enter(from: string, size: number, whenInside: () => void): Stay {
    const guest = new Guest(from, size, { whenInside, left: this.#left, forced: this.#forced })
    // In the order in which it came, among its own.
    if (!this.#waiting.has(from) && this.#fits(guest)) this.#take(guest)
    else this.#waiting.add(from, guest)
    return guest
  }

  #fits({ from, size }: Guest): boolean {
    return this.#taken === 0 || 2 * size + (this.#shares.get(from) ?? 0) <= this.#size - this.#taken
  }

  #take(guest: Guest): void {
    guest.inside = true
    this.#add(guest.from, guest.size)
  }

  #add(from: string, size: number): void {
    this.#taken += size
    const share = (this.#shares.get(from) ?? 0) + size
    if (share === 0) this.#shares.delete(from)
    else this.#shares.set(from, share)
  }

  readonly #left = (from: string, size: number): void => {
    this.#add(from, -size)
    this.#letIn()
  }

  readonly #forced = (guest: Guest): void => {
    this.#take(guest)
    guest.whenInside()
    this.#letIn()
  }

  #letIn(): void {
    for (;;) {
      const guest = this.#waiting.take((next) => next.over || next.inside || this.#fits(next))
      if (guest === undefined) return
      if (guest.over || guest.inside) continue
      this.#take(guest)
      guest.whenInside()
    }
  }
}

interface Hooks {
  readonly whenInside: () => void
  /** So much of what it had is free again; nothing, where it only waits no more. */
  readonly left: (from: string, size: number) => void
  readonly forced: (guest: Guest) => void
}

class Guest implements Stay {
  readonly from: string
  size: number
  inside = false
  over = false
  readonly whenInside: () => void
  readonly #left: Hooks['left']
  readonly #forced: Hooks['forced']

  constructor(from: string, size: number, { whenInside, left, forced }: Hooks) {
    this.from = from
    this.size = size
    this.whenInside = whenInside
    this.#left = left
    this.#forced = forced
  }

  force(): void {
    if (!this.inside && !this.over) this.#forced(this)
  }

  shrink(size: number): void {
    if (!this.inside || this.over || size >= this.size) return
    const freed = this.size - size
    this.size = size
    this.#left(this.from, freed)
  }

  leave(): void {
    if (this.over) return
    this.over = true
    this.#left(this.from, this.inside ? this.size : 0)
  }
}
