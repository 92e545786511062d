import { formatPico } from '#core/money/usd-text.ts'
import { EntryFault } from './fault.ts'
import type { MemberName } from './member-name.ts'

const quote = 0x22
const comma = 0x2c
const dot = 0x2e
const zero = 0x30
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const newline = 0x0a

/** Integers below this are written digit by digit, in 32-bit arithmetic. */
const smallIntegers = 2 ** 31
const billion = 1_000_000_000

/** The digits of 00 to 99, two for each. */
const pairs = Uint8Array.from({ length: 200 }, (_, at) => zero + (at % 2 === 0 ? Math.floor(at / 20) : (at >> 1) % 10))

/** Amounts are kept in 1e-12, and written in two halves that 32-bit arithmetic is enough for. */
const million = 1_000_000
const trillion = 1e12
/** Of a number or an amount that is written digit by digit, with point and quotes: room for it is made with the name. */
const longestDigits = 24

const mostExact = BigInt(Number.MAX_SAFE_INTEGER)

/** By byte of UTF-8: 1 for what does not stand in a JSON text as it is, or is not looked into here: all but ASCII. */
const notPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash ? 1 : 0,
)

/** Members as they stand in a line, with the comma before the first. */
export type WrittenMembers = Uint8Array & { readonly [written]: true }

declare const written: unique symbol

/**
 * Lines of JSON, written into memory that is used again and again: no text is put together on the way, because this
 * runs twice per call on the hot path. Room for a head can be left in front of the first line. What is known before is
 * copied whole, since a copy of thirty bytes costs as much as a loop over five of them.
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
  beginObject(name: MemberName): number {
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
  member(name: MemberName): void {
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

  /** The members that were written since `end` was this, to be written again. They are not the first of their object. */
  membersFrom(end: number): WrittenMembers {
    // Not a buffer, which would keep the 8 KB of a pool alive for as long as the members are kept.
    return new Uint8Array(this.#memory.subarray(end, this.#at)) as WrittenMembers
  }

  members(members: WrittenMembers): void {
    this.#member(members)
  }

  text(name: MemberName, value: string): void {
    this.#name(name)
    this.#quoted(value)
  }

  /** The same for texts of which there are few, so that most have been written before. */
  word(name: MemberName, value: string): void {
    this.#member(name.with(value))
  }

  /** @throws EntryFault `entry_field_invalid` where the number is not finite, which JSON cannot say. */
  number(name: MemberName, value: number): void {
    this.#name(name)
    const small = value | 0
    if (small === value && small >= 0) return this.#integer(small)
    if (value >= smallIntegers && value < smallIntegers * billion && Number.isInteger(value)) {
      const billions = Math.floor(value / billion)
      this.#integer(billions | 0)
      return this.#digits((value - billions * billion) | 0, 9)
    }
    const thousandths = Math.round(value * 1000)
    if (thousandths >= 0 && thousandths < smallIntegers && thousandths / 1000 === value) {
      return this.#thousandths(thousandths | 0)
    }
    if (!Number.isFinite(value)) {
      const message = `${name.text} is ${value}: only finite numbers can be written`
      throw new EntryFault('entry_field_invalid', name.text, message)
    }
    this.#ascii(JSON.stringify(value))
  }

  /** Decimal text with 12 places. */
  amount(name: MemberName, value: bigint): void {
    this.#name(name)
    this.#memory[this.#at++] = quote
    if (value >= 0n && value <= mostExact) this.#pico(Number(value))
    else this.#ascii(formatPico(value))
    this.#reserve(1)
    this.#memory[this.#at++] = quote
  }

  flag(name: MemberName): void {
    this.#name(name)
    this.#ascii('true')
  }

  /** JSON text that somebody else made. */
  json(name: MemberName, text: string): void {
    this.#name(name)
    this.#native(text)
  }

  #name(name: MemberName): void {
    this.#member(name.bytes)
  }

  /** Bytes that begin with the comma before a member, which the first of an object goes without; and room for digits. */
  #member(bytes: Uint8Array): void {
    this.#reserve(bytes.length + longestDigits)
    const memory = this.#memory
    const isFirst = memory[this.#at - 1] === openBrace
    // The comma falls on the bracket, which is then put back.
    if (isFirst) this.#at--
    memory.set(bytes, this.#at)
    if (isFirst) memory[this.#at] = openBrace
    this.#at += bytes.length
  }

  /** Lone surrogates come out as escapes, so the line is always valid UTF-8 without line ends. */
  #quoted(value: string): void {
    this.#reserve(value.length * 3 + 2)
    const memory = this.#memory
    const start = this.#at + 1
    const end = start + memory.write(value, start)
    let found = 0
    for (let at = start; at < end; at++) found |= notPlain[memory[at] ?? 0] ?? 0
    if (found !== 0) return this.#native(JSON.stringify(value))
    memory[start - 1] = quote
    memory[end] = quote
    this.#at = end + 1
  }

  #integer(value: number): void {
    this.#digits(value, digitsOf(value))
  }

  /**
   * All of `count` digits, with zeros in front. Numbers are brought here by `| 0`, which costs nothing and tells V8 that
   * they need no floating point: a division by a constant is then a multiplication.
   */
  #digits(value: number, count: number): void {
    const memory = this.#memory
    const start = this.#at
    let at = start + count
    let rest = value | 0
    for (; rest >= 10; at -= 2) {
      const next = (rest / 100) | 0
      const pair = (rest - next * 100) * 2
      memory[at - 2] = pairs[pair] ?? zero
      memory[at - 1] = pairs[pair + 1] ?? zero
      rest = next
    }
    if (rest > 0) memory[--at] = zero + rest
    while (at > start) memory[--at] = zero
    this.#at = start + count
  }

  /** Milliseconds with microseconds behind the point, as JavaScript writes the same number. */
  #thousandths(value: number): void {
    const whole = (value / 1000) | 0
    let fraction = value - whole * 1000
    this.#integer(whole)
    let digits = 3
    for (; fraction % 10 === 0; fraction = (fraction / 10) | 0) digits--
    this.#memory[this.#at++] = dot
    this.#digits(fraction, digits)
  }

  /**
   * Exact for safe integers: what a division leaves is at least one part in 1e12 of a quotient below 9008, and doubles
   * of that size lie 1.8e-12 apart at most, so that none is rounded up to the next whole number.
   */
  #pico(value: number): void {
    const whole = Math.floor(value / trillion)
    const places = value - whole * trillion
    const upper = Math.floor(places / million)
    this.#integer(whole | 0)
    this.#memory[this.#at++] = dot
    this.#digits(upper | 0, 6)
    this.#digits((places - upper * million) | 0, 6)
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

/** Of a whole number below 2^31. */
function digitsOf(value: number): number {
  if (value < 1_000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < million) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
  if (value < billion) return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : 9
  return 10
}
