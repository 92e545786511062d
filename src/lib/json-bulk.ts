import { skipString } from './json-members.ts'

/** How much of its kinds of structure a JSON text may have. */
export interface JsonBounds {
  /** Lists and objects within one another. */
  readonly depth: number
  /** Members of one object, duplicates included. */
  readonly members: number
  /** All values at every depth; an empty list or object counts twice. */
  readonly values: number
  /** Different beginnings of objects, by names in order: `{"a":1,"b":2}`, `{"a":1}` and `{"a":1,"c":2}` have three. */
  readonly shapes: number
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * The first bound that the text exceeds; null = none. One pass over the bytes, which ends where a bound is exceeded:
 * what a text costs to parse goes by its structure far more than by its length, and can be told for much less.
 *
 * The bytes should be those of a JSON text. Of others there is an answer too, as far as the text can be one.
 */
export function jsonExcess(body: Buffer, most: JsonBounds): keyof JsonBounds | null {
  const members = new Int32Array(most.depth + 1)
  /** Of the object that is open at each depth. */
  const shape = new Int32Array(most.depth + 1)
  const shapes = new Shapes(body, most.shapes)
  let depth = 0
  let values = 1
  let nameStart = 0
  let nameEnd = 0
  for (let position = 0; position < body.length; position += 1) {
    const byte = body[position] ?? 0
    // White space and numbers: most of what stands between strings.
    if (byte <= 0x20 || (byte >= 0x2d && byte <= 0x39)) continue
    if (byte === quote) {
      nameStart = position + 1
      const end = skipString(body, position)
      if (end < 0) return null
      nameEnd = end - 1
      position = nameEnd
    } else if (byte === comma) {
      values += 1
      if (values > most.values) return 'values'
    } else if (byte === colon) {
      const count = (members[depth] ?? 0) + 1
      if (count > most.members) return 'members'
      members[depth] = count
      shape[depth] = shapes.next(shape[depth] ?? 0, nameStart, nameEnd)
      if (shapes.count > most.shapes) return 'shapes'
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1
      if (depth > most.depth) return 'depth'
      values += 1
      if (values > most.values) return 'values'
      members[depth] = 0
      shape[depth] = 0
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return null
      depth -= 1
    }
  }
  return null
}

/** Longer names are always taken for new ones. */
const longestComparedBytes = 256
/** A name that finds no place within so many is taken for a new one: crafted names make their sender's count larger. */
const mostProbes = 8

/**
 * The shapes of objects met so far, as a tree: an object that gets one more name goes from its shape to the next one.
 * V8 keeps such a tree too, and to let it grow is what costs most in JSON.parse, some 10 µs for each shape.
 */
class Shapes {
  count = 0
  readonly #body: Buffer
  readonly #mask: number
  readonly #hashes: Int32Array
  readonly #parents: Int32Array
  readonly #starts: Int32Array
  /** Of an empty place 0, at which no name ends. */
  readonly #ends: Int32Array

  constructor(body: Buffer, most: number) {
    this.#body = body
    // At most three of eight places are taken: what is near a place is seldom full.
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, most) * 2.6))
    this.#mask = places - 1
    this.#hashes = new Int32Array(places)
    this.#parents = new Int32Array(places)
    this.#starts = new Int32Array(places)
    this.#ends = new Int32Array(places)
  }

  /** The shape that `parent` becomes with the name; 0 is that of an empty object. */
  next(parent: number, start: number, end: number): number {
    if (end - start > longestComparedBytes) return this.#added(parent)
    const hash = this.#hash(parent, start, end)
    for (let probe = 0; probe < mostProbes; probe += 1) {
      const place = (hash + probe) & this.#mask
      if (this.#ends[place] === 0) {
        this.#hashes[place] = hash
        this.#parents[place] = parent
        this.#starts[place] = start
        this.#ends[place] = end
        this.count += 1
        return place + 1
      }
      if (this.#hashes[place] === hash && this.#parents[place] === parent && this.#isName(place, start, end)) {
        return place + 1
      }
    }
    return this.#added(parent)
  }

  #added(parent: number): number {
    this.count += 1
    return parent
  }

  #hash(parent: number, start: number, end: number): number {
    let hash = Math.imul(parent + 1, 0x9e3779b1)
    for (let position = start; position < end; position += 1) {
      hash = Math.imul(hash ^ (this.#body[position] ?? 0), 0x01000193)
    }
    hash ^= hash >>> 15
    hash = Math.imul(hash, 0x85ebca6b)
    return hash ^ (hash >>> 13)
  }

  #isName(place: number, start: number, end: number): boolean {
    const other = this.#starts[place] ?? 0
    if ((this.#ends[place] ?? 0) - other !== end - start) return false
    for (let offset = 0; offset < end - start; offset += 1) {
      if (this.#body[other + offset] !== this.#body[start + offset]) return false
    }
    return true
  }
}
