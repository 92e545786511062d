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

  /** What comes next is gone from here; undefined where nothing waits. */
  take(): Item | undefined {
    for (const [from, lane] of this.#lanes) {
      const item = lane.shift()
      this.#lanes.delete(from)
      if (lane.length > 0) this.#lanes.set(from, lane)
      return item
    }
    return undefined
  }
}
