/** Numbers different texts in the order in which they come, told apart by their UTF-8. */
export class TextDictionary {
  #memory = Buffer.allocUnsafeSlow(1024)
  #used = 0
  #size = 0
  /** Where each text ends in the memory. */
  #ends = new Int32Array(32)
  /** Open addressing: a text's number + 1, or 0. At least twice as long as `#ends`. */
  #table = new Int32Array(64)

  get size(): number {
    return this.#size
  }

  numberOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1
    for (let place = hashOf(bytes, start, end) & mask; ; place = (place + 1) & mask) {
      const number = (this.#table[place] ?? 0) - 1
      if (number === -1) return this.#add(bytes.subarray(start, end), place)
      if (this.#is(number, { bytes, start, end })) return number
    }
  }

  *texts(): Generator<Uint8Array> {
    for (let number = 0; number < this.#size; number++)
      yield this.#memory.subarray(this.#startOf(number), this.#ends[number])
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] ?? 0)
  }

  #is(number: number, { bytes, start, end }: { bytes: Uint8Array; start: number; end: number }): boolean {
    const from = this.#startOf(number)
    if ((this.#ends[number] ?? 0) - from !== end - start) return false
    const memory = this.#memory
    for (let i = 0; i < end - start; i++) if (memory[from + i] !== bytes[start + i]) return false
    return true
  }

  #add(text: Uint8Array, place: number): number {
    if (this.#used + text.length > this.#memory.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#memory.length * 2, this.#used + text.length))
      this.#memory.copy(grown, 0, 0, this.#used)
      this.#memory = grown
    }
    this.#memory.set(text, this.#used)
    this.#used += text.length
    const number = this.#size++
    this.#ends[number] = this.#used
    this.#table[place] = number + 1
    if (this.#size === this.#ends.length) this.#grow()
    return number
  }

  #grow(): void {
    const ends = new Int32Array(this.#ends.length * 2)
    ends.set(this.#ends)
    this.#ends = ends
    const table = new Int32Array(ends.length * 2)
    const mask = table.length - 1
    for (let number = 0; number < this.#size; number++) {
      let place = hashOf(this.#memory, this.#startOf(number), this.#ends[number] ?? 0) & mask
      while (table[place] !== 0) place = (place + 1) & mask
      table[place] = number + 1
    }
    this.#table = table
  }
}

/** FNV-1a, with its better half mixed in below. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start)
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}
