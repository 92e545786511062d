import { EntryFault } from './fault.ts'

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const colon = 0x3a
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const newline = 0x0a

/** Integers below this are written digit by digit, in 32-bit arithmetic. */
const smallIntegers = 2 ** 31
const billion = 1_000_000_000

/** Amounts are kept in 1e-12. */
const amountPlaces = 12

/** Longer texts are handed to the native encoder: below, a call costs more than the loop. */
const loopChars = 120

/**
 * Lines of JSON, written into memory that is used again and again: no text is put together on the way, because this
 * runs twice per call on the hot path. Room for a head can be left in front of the first line.
 *
 * Members are written without a thought for commas: one comes before every member but the first of its object. An
 * object in which nothing was written vanishes.
 */
export class LineWriter {
  #memory: Buffer
  #at: number
  readonly #headroom: number

  constructor(options: { readonly headroomBytes: number; readonly bytes: number }) {
    this.#headroom = options.headroomBytes
    this.#memory = Buffer.allocUnsafeSlow(options.headroomBytes + options.bytes)
    // What stands before a byte decides whether it needs a comma.
    if (options.headroomBytes > 0) this.#memory[options.headroomBytes - 1] = newline
    this.#at = options.headroomBytes
  }

  /** All of it, head included; valid until the next write. */
  get memory(): Buffer {
    return this.#memory
  }

  /** Where the next byte goes. */
  get end(): number {
    return this.#at
  }

  /** Bytes written behind the head. */
  get length(): number {
    return this.#at - this.#headroom
  }

  clear(): void {
    this.#at = this.#headroom
  }

  /** Takes back what was written since `end` was this. */
  cutTo(end: number): void {
    this.#at = end
  }

  /** A line that is there already. */
  line(text: string): void {
    this.#native(text)
    this.endLine()
  }

  endLine(): void {
    this.#reserve(1)
    this.#memory[this.#at++] = newline
  }

  /** Begins the line's own object, or an element of an array. */
  open(): void {
    this.#reserve(2)
    if (this.#memory[this.#at - 1] === closeBrace) this.#memory[this.#at++] = comma
    this.#memory[this.#at++] = openBrace
  }

  close(): void {
    this.#reserve(1)
    this.#memory[this.#at++] = closeBrace
  }

  /** Begins a member that is an object. Returns what `endObject` needs. */
  beginObject(name: string): number {
    const start = this.#at
    this.#name(name)
    this.open()
    return start
  }

  endObject(start: number): void {
    if (this.#memory[this.#at - 1] === openBrace) this.#at = start
    else this.close()
  }

  /** Begins a member whose value follows. */
  member(name: string): void {
    this.#name(name)
  }

  /** Begins an array of objects. */
  beginArray(): void {
    this.#reserve(1)
    this.#memory[this.#at++] = openBracket
  }

  endArray(): void {
    this.#reserve(1)
    this.#memory[this.#at++] = closeBracket
  }

  text(name: string, value: string): void {
    this.#name(name)
    this.#quoted(value)
  }

  /** @throws EntryFault `entry_field_invalid` where the number is not finite, which JSON cannot say. */
  number(name: string, value: number): void {
    this.#name(name)
    const thousandths = Math.round(value * 1000)
    if (Number.isInteger(value) && value >= 0 && value < smallIntegers) this.#integer(value, 1)
    else if (value >= smallIntegers && value < smallIntegers * billion && Number.isInteger(value)) {
      const billions = Math.floor(value / billion)
      this.#integer(billions, 1)
      this.#integer(value - billions * billion, 9)
    } else if (thousandths >= 0 && thousandths < smallIntegers && thousandths / 1000 === value) {
      this.#thousandths(thousandths)
    } else if (Number.isFinite(value)) {
      this.#ascii(JSON.stringify(value))
    } else {
      throw new EntryFault('entry_field_invalid', name, `${name} is ${value}: only finite numbers can be written`)
    }
  }

  /** Decimal text with 12 places. */
  amount(name: string, value: bigint): void {
    this.#name(name)
    this.#reserve(3)
    this.#memory[this.#at++] = quote
    this.#pico(value)
    this.#memory[this.#at++] = quote
  }

  flag(name: string): void {
    this.#name(name)
    this.#ascii('true')
  }

  /** JSON text that somebody else made. */
  json(name: string, text: string): void {
    this.#name(name)
    this.#native(text)
  }

  #name(name: string): void {
    this.#reserve(name.length + 4)
    const memory = this.#memory
    if (memory[this.#at - 1] !== openBrace) memory[this.#at++] = comma
    memory[this.#at++] = quote
    this.#ascii(name)
    memory[this.#at++] = quote
    memory[this.#at++] = colon
  }

  /** Lone surrogates come out as escapes, so the line is always valid UTF-8 without line ends. */
  #quoted(value: string): void {
    const { length } = value
    if (length > loopChars) return this.#native(JSON.stringify(value))
    this.#reserve(length + 2)
    const memory = this.#memory
    let at = this.#at
    memory[at++] = quote
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) return this.#native(JSON.stringify(value))
      memory[at++] = code
    }
    memory[at++] = quote
    this.#at = at
  }

  #integer(value: number, leastDigits: number): void {
    let digits = 1
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++
    digits = Math.max(digits, leastDigits)
    this.#reserve(digits)
    const memory = this.#memory
    let rest = value
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = (rest / 10) | 0
      memory[at] = zero + rest - next * 10
      rest = next
    }
    this.#at += digits
  }

  /** Milliseconds with microseconds behind the point, as JavaScript writes the same number. */
  #thousandths(value: number): void {
    const whole = (value / 1000) | 0
    let fraction = value - whole * 1000
    this.#integer(whole, 1)
    let digits = 3
    for (; fraction % 10 === 0; fraction /= 10) digits--
    this.#reserve(1)
    this.#memory[this.#at++] = dot
    this.#integer(fraction, digits)
  }

  #pico(value: bigint): void {
    const text = value.toString()
    const negative = text.charCodeAt(0) === minus
    const digits = text.length - (negative ? 1 : 0)
    const whole = Math.max(1, digits - amountPlaces)
    this.#reserve(text.length + amountPlaces + 3)
    const memory = this.#memory
    let at = this.#at
    if (negative) memory[at++] = minus
    // As many digits as there are places, and one before the point: what the text lacks of them are zeros in front.
    let from = digits - whole - amountPlaces
    for (let place = 0; place < whole + amountPlaces; place++, from++) {
      if (place === whole) memory[at++] = dot
      memory[at++] = from < 0 ? zero : text.charCodeAt(from + (negative ? 1 : 0))
    }
    this.#at = at
  }

  #ascii(text: string): void {
    const { length } = text
    this.#reserve(length)
    const memory = this.#memory
    let at = this.#at
    for (let index = 0; index < length; index++) memory[at++] = text.charCodeAt(index)
    this.#at = at
  }

  #native(text: string): void {
    this.#reserve(text.length * 3)
    this.#at += this.#memory.write(text, this.#at, 'utf8')
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#memory.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#memory.length * 2, this.#at + bytes))
    this.#memory.copy(larger, 0, 0, this.#at)
    this.#memory = larger
  }
}
