/**
 * What waits, by whom it comes from. They take turns, each with what it has waited for longest: who has much to wait for
 * keeps nobody else waiting for all of it.
 */
export class Turns<Item> {
  /** Whose turn it is stands first. */
  readonly #lanes = new Map<string, Item[]>()

  add(from: string, item: Item): void {
    const lane = this.#lanes.get(from)
    if (lane === undefined) this.#lanes.set(from, [item])
    else lane.push(item)
  }

  /** Whether anything from there waits. */
  has(from: string): boolean {
    return this.#lanes.has(from)
  }

  /**
   * What comes next is gone from here; undefined where nothing waits.
   *
   * @param may who may not take its turn keeps it
   */
  take(may: (item: Item) => boolean = always): Item | undefined {
    for (const [from, lane] of this.#lanes) {
      const [item] = lane
      if (item === undefined || !may(item)) continue
      lane.shift()
      this.#lanes.delete(from)
      if (lane.length > 0) this.#lanes.set(from, lane)
      return item
    }
    return undefined
  }
}

const always = (): boolean => true
