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
 *
 * Nor is a `Map` asked for a text that was just made. V8 interns it first: it goes through a table of all such texts, and
 * into old memory where it is not there yet. A text is found by a number of its end, and compared.
 */
export class ChurnMap<Key, Value> {
  #places = new Map<Key | number, number>()
  #deleted = 0
  /** Texts that stand in `#places` themselves, since the number of their end was taken when they came. */
  #whole = 0
  readonly #keys: (Key | undefined)[] = []
  readonly #values: (Value | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#places.size
  }

  get(key: Key): Value | undefined {
    const place = this.#placeOf(key)
    return place === undefined ? undefined : this.#values[place]
  }

  set(key: Key, value: Value): void {
    const known = this.#placeOf(key)
    if (known !== undefined) {
      this.#values[known] = value
      return
    }
    const place = this.#free.pop() ?? this.#values.length
    this.#values[place] = value
    this.#keys[place] = key
    let name: Key | number = typeof key === 'string' ? numberOfEnd(key) : key
    if (this.#places.has(name)) {
      name = key
      this.#whole += 1
    }
    this.#places.set(name, place)
  }

  delete(key: Key): void {
    const place = this.#placeOf(key)
    if (place === undefined) return
    if (typeof key !== 'string') this.#places.delete(key)
    else if (this.#whole > 0 && this.#places.delete(key)) this.#whole -= 1
    else this.#places.delete(numberOfEnd(key))
    this.#keys[place] = undefined
    this.#values[place] = undefined
    this.#free.push(place)
    this.#deleted += 1
    if (this.#deleted < Math.max(renewAfter, this.#places.size)) return
    this.#deleted = 0
    this.#places = new Map(this.#places)
  }

  /** Of the entry that came before all others; undefined where there is none. */
  firstKey(): Key | undefined {
    const place = this.#places.values().next().value
    return place === undefined ? undefined : this.#keys[place]
  }

  /** In the order in which they came. */
  keys(): Key[] {
    return this.#inOrder(this.#keys)
  }

  /** The same of the values. */
  values(): Value[] {
    return this.#inOrder(this.#values)
  }

  #inOrder<One>(list: readonly (One | undefined)[]): One[] {
    const found: One[] = []
    for (const place of this.#places.values()) {
      const one = list[place]
      if (one !== undefined) found.push(one)
    }
    return found
  }

  #placeOf(key: Key): number | undefined {
    if (typeof key !== 'string') return this.#places.get(key)
    const place = this.#places.get(numberOfEnd(key))
    if (place !== undefined && this.#keys[place] === key) return place
    return this.#whole === 0 ? undefined : this.#places.get(key)
  }
}

/** A whole number of up to 31 bits. Call ids count up in their last four characters. */
function numberOfEnd(text: string): number {
  let number = text.length
  for (let at = Math.max(0, text.length - 6); at < text.length; at += 1) {
    number = (Math.imul(number, 31) + text.charCodeAt(at)) & 0x7fff_ffff
  }
  return number
}
