/** Deletions. Copying what is left costs less than a hundredth of them. */
const renewAfter = 1_000

/**
 * A map for entries that come and go all the time, such as the calls under way. It does what `Map` does, and lets go of
 * what was deleted.
 *
 * V8's `Map` makes a new table whenever deleted entries have filled the old one, and leaves the old one linked to the
 * new (`OrderedHashTable`, for iterators that are under way). Once one of them has survived two minor collections, the
 * chain keeps every later table, with all that was in it, until the next full collection: each call and all that hangs
 * on it was copied twice and made old, a quarter of a call's processor time and 45 MB of memory. Here the tables hold
 * numbers, so that the values are let go at once, and a new `Map`, to which no chain leads, takes over now and then.
 */
export class ChurnMap<Key, Value> {
  #places = new Map<Key, number>()
  #deleted = 0
  readonly #values: (Value | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#places.size
  }

  get(key: Key): Value | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#values[place]
  }

  set(key: Key, value: Value): void {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.#free.pop() ?? this.#values.length
      this.#places.set(key, place)
    }
    this.#values[place] = value
  }

  delete(key: Key): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#places.delete(key)
    this.#values[place] = undefined
    this.#free.push(place)
    this.#deleted += 1
    if (this.#deleted < Math.max(renewAfter, this.#places.size)) return
    this.#deleted = 0
    this.#places = new Map(this.#places)
  }

  /** Of the entry that came before all others; undefined where there is none. */
  firstKey(): Key | undefined {
    return this.#places.keys().next().value
  }

  /** In the order in which they came. */
  keys(): Key[] {
    return [...this.#places.keys()]
  }

  /** The same of the values. */
  values(): Value[] {
    const values: Value[] = []
    for (const place of this.#places.values()) {
      const value = this.#values[place]
      if (value !== undefined) values.push(value)
    }
    return values
  }
}
