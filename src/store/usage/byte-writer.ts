/** Numbers and texts one behind the other in memory that grows, as the Native format has them: little-endian. */
export class ByteWriter {
  #bytes: Buffer
  #view: DataView
  #at = 0

  constructor(expectedBytes = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(expectedBytes)
    this.#view = viewOf(this.#bytes)
  }

  /** What was written; not to be written to any more. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  uint8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  uint16(value: number): void {
    this.#reserve(2)
    this.#view.setUint16(this.#at, value, true)
    this.#at += 2
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  /** 64 bits of a whole number, not negative, that a double holds exactly: several times faster than by a bigint. */
  uint64(value: number): void {
    this.#reserve(8)
    const upper = value < 4_294_967_296 ? 0 : Math.floor(value / 4_294_967_296)
    this.#view.setUint32(this.#at, value - upper * 4_294_967_296, true)
    this.#view.setUint32(this.#at + 4, upper, true)
    this.#at += 8
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  int128(value: bigint): void {
    this.#reserve(16)
    // Keeps the lower 64 bits of what it is given.
    this.#view.setBigInt64(this.#at, value, true)
    this.#view.setBigInt64(this.#at + 8, value === 0n ? 0n : value >> 64n, true)
    this.#at += 16
  }

  /** 128 bits of a whole number, not negative, that a double holds exactly. */
  uint128(value: number): void {
    this.uint64(value)
    this.uint64(0)
  }

  /** LEB128. */
  length(value: number): void {
    this.#reserve(8)
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    this.#bytes[this.#at++] = rest
  }

  /** Its length in bytes, then its UTF-8. Half a surrogate pair becomes U+FFFD. */
  text(value: string): void {
    if (value.length <= shortText && this.#shortAscii(value)) return
    const bytes = Buffer.byteLength(value)
    this.length(bytes)
    this.#reserve(bytes)
    this.#at += this.#bytes.write(value, this.#at, 'utf8')
  }

  /** A text that is there as UTF-8. */
  utf8(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.length(length)
    this.#reserve(length)
    if (length <= shortText) {
      const [into, at] = [this.#bytes, this.#at]
      for (let i = 0; i < length; i++) into[at + i] = bytes[start + i] ?? 0
    } else {
      this.#bytes.set(bytes.subarray(start, end), this.#at)
    }
    this.#at += length
  }

  /** Nearly every text is one; byte by byte is several times faster for it than a call out of JavaScript. */
  #shortAscii(value: string): boolean {
    const { length } = value
    this.#reserve(length + 1)
    const [bytes, start] = [this.#bytes, this.#at + 1]
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return false
      bytes[start + i] = code
    }
    bytes[this.#at] = length
    this.#at = start + length
    return true
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}

const shortText = 100

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
