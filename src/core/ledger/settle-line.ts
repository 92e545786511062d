import { isUtf8 } from 'node:buffer'
import {
  attemptSteps,
  firstTag,
  type Literal,
  lineFields,
  mostTags,
  opening,
  requiredFields,
  type Step,
  topSteps,
} from './settle-fields.ts'

const mostAttempts = 64
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`))

/**
 * Reads settle entries from their bytes, one after the other, without making an object or a text of anything: a tenth
 * of the time of `decodeEntry`.
 *
 * It reads only what `encodeEntry` writes for an ordinary call, and of that nothing with an escape, an exponent, a
 * negative number or more than 15 digits. It turns everything else down, whether right or wrong: `decodeEntry` decides.
 * What it accepts `decodeEntry` accepts with the same values.
 */
export class SettleLine {
  readonly starts = new Int32Array(firstTag + 2 * mostTags)
  readonly ends = new Int32Array(firstTag + 2 * mostTags)
  readonly values = new Float64Array(firstTag)
  /** Of which the places are. */
  bytes: Buffer = Buffer.alloc(0)
  /** The same bytes, to be compared four at a time. */
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** The line that starts at a place within whole lines. False where it is not read. */
  read(bytes: Buffer, start: number): boolean {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.starts.fill(0)
    this.ends.fill(0)
    this.values.fill(0)
    if (!this.#stands(opening, start)) return false
    const end = this.#object(start + opening.length, topSteps)
    if (end === -1 || bytes[end] !== newline) return false
    for (const slot of requiredFields) if (this.starts[slot] === 0) return false
    return this.#fillIn()
  }

  /** Whether that is what stands at a place. */
  #stands({ length, words, lastWord }: Literal, at: number): boolean {
    const view = this.#view
    if (at + length > view.byteLength) return false
    for (let i = 0; i < words.length; i++) if (view.getInt32(at + i * 4, true) !== words[i]) return false
    return view.getInt32(at + length - 4, true) === lastWord
  }

  #fillIn(): boolean {
    this.#repeat(lineFields.requestId, lineFields.callId)
    this.#repeat(lineFields.modelRouted, lineFields.modelRequested)
    this.#repeat(lineFields.modelServed, lineFields.modelRouted)
    if (this.starts[lineFields.billingCurrency] === 0)
      this.values[lineFields.billingAmount] = this.values[lineFields.totalCost] ?? 0
    // Given and empty, which the columns have no rule for.
    return this.#length(lineFields.modelRouted) > 0 || this.#length(lineFields.modelRequested) === 0
  }

  #length(slot: number): number {
    return (this.ends[slot] ?? 0) - (this.starts[slot] ?? 0)
  }

  #repeat(slot: number, from: number): void {
    if (this.starts[slot] !== 0) return
    this.starts[slot] = this.starts[from] ?? 0
    this.ends[slot] = this.ends[from] ?? 0
  }

  /** From behind the brace to behind the other one; -1 where it is not read. */
  #object(from: number, known: readonly Step[]): number {
    const { bytes } = this
    if (bytes[from] === closingBrace) return from + 1
    let at = from
    for (const { literal, form, slot, names, steps: inner } of known) {
      if (!this.#stands(literal, at)) continue
      this.starts[slot] = at += literal.length
      switch (form) {
        case 'text':
          at = this.#text(at, slot)
          break
        case 'count':
          at = this.#number(at, slot, 0)
          break
        case 'number':
          at = this.#number(at, slot, 15)
          break
        case 'amount':
          at = this.#amount(at, slot)
          break
        case 'true':
          this.values[slot] = 1
          break
        case 'name':
          at = this.#name(at, slot, names)
          break
        case 'object':
          at = this.#object(at, inner)
          break
        case 'tags':
          at = this.#tags(at)
          break
        case 'attempts':
          at = this.#attempts(at)
          break
        case 'billing':
          at = this.#billing(at)
          break
      }
      if (at === -1) return -1
      const next = bytes[at++]
      if (next === closingBrace) return at
      if (next !== comma) return -1
    }
    return -1
  }

  /** To behind the quotation mark. */
  #text(from: number, slot: number): number {
    const { bytes } = this
    let at = from
    let seen = 0
    for (;;) {
      const byte = bytes[at] ?? newline
      if (byte === quote) break
      if (byte < space || byte === backslash) return -1
      seen |= byte
      at++
    }
    if (seen > 127 && !isUtf8(bytes.subarray(from, at))) return -1
    // Of an attempt; as for a number, so that a text that is kept as it stands is the one that the writer would write.
    if (at === from && slot === lineFields.ignored) return -1
    this.starts[slot] = from
    this.ends[slot] = at
    return at + 1
  }

  #name(from: number, slot: number, names: readonly Literal[]): number {
    const end = this.#text(from, slot)
    for (let i = 0; i < names.length; i++) {
      const name = names[i]
      if (name === undefined || end - 1 - from !== name.length || !this.#stands(name, from)) continue
      this.values[slot] = i
      return end
    }
    return -1
  }

  /** At most 15 digits in all, so that both the digits and the power of ten are exact and their quotient is rounded once. */
  #number(from: number, slot: number, mostDecimals: number): number {
    const { bytes } = this
    let [at, digits, decimals] = [from, 0, 0]
    for (let digit = digitOf(bytes[at]); digit >= 0; digit = digitOf(bytes[++at])) digits = digits * 10 + digit
    if (at === from || (bytes[from] === zero && at > from + 1)) return -1
    if (bytes[at] === point) {
      const first = ++at
      for (let digit = digitOf(bytes[at]); digit >= 0; digit = digitOf(bytes[++at])) digits = digits * 10 + digit
      decimals = at - first
      // As the writer never ends one.
      if (decimals === 0 || bytes[at - 1] === zero) return -1
    }
    if (at - from > 15 || decimals > mostDecimals) return -1
    const value = decimals === 0 ? digits : digits / (powersOfTen[decimals] ?? Number.NaN)
    // Smaller ones are written with an exponent, and a zero is left out, except for this one.
    if (value < 1e-6 && (value !== 0 || slot !== lineFields.timeToFirstTokenMs)) return -1
    this.values[slot] = value
    return at
  }

  /** As `formatPico` writes it; to behind the quotation mark. */
  #amount(from: number, slot: number): number {
    const { bytes } = this
    let [at, pico] = [from, 0]
    for (let digit = digitOf(bytes[at]); digit >= 0; digit = digitOf(bytes[++at])) pico = pico * 10 + digit
    const whole = at - from
    if (whole === 0 || whole > 3 || (whole > 1 && bytes[from] === zero) || bytes[at] !== point) return -1
    at++
    for (let digit = digitOf(bytes[at]); digit >= 0; digit = digitOf(bytes[++at])) pico = pico * 10 + digit
    if (at - from !== whole + 13 || bytes[at] !== quote) return -1
    this.values[slot] = pico
    return at + 1
  }

  #billing(from: number): number {
    const second = this.#text(from, lineFields.billingCurrency)
    if (second === -1 || this.bytes[second] !== comma || this.bytes[second + 1] !== quote) return -1
    const end = this.#amount(second + 2, lineFields.billingAmount)
    return end === -1 || this.bytes[end] !== closingBracket ? -1 : end + 1
  }

  #tags(from: number): number {
    const { bytes } = this
    let at = from
    for (let count = 0; count < mostTags; ) {
      const slot = firstTag + 2 * count
      // A key of digits may be moved by who reads it as an object.
      if (bytes[at] !== quote || digitOf(bytes[at + 1]) >= 0) return -1
      at = this.#text(at + 1, slot)
      if (at === -1 || bytes[at] !== colon || bytes[at + 1] !== quote) return -1
      at = this.#text(at + 2, slot + 1)
      if (at === -1) return -1
      this.values[lineFields.tags] = ++count
      const next = bytes[at++]
      if (next === closingBrace) return at
      if (next !== comma) return -1
    }
    return -1
  }

  #attempts(from: number): number {
    const { bytes } = this
    let at = from
    for (let count = 1; count <= mostAttempts; count++) {
      if (bytes[at] !== openingBrace) return -1
      at = this.#object(at + 1, attemptSteps)
      if (at === -1) return -1
      const next = bytes[at++]
      if (next === closingBracket) {
        this.starts[lineFields.attempts] = from - 1
        this.ends[lineFields.attempts] = at
        this.values[lineFields.attempts] = count
        return at
      }
      if (next !== comma) return -1
    }
    return -1
  }
}

const newline = 0x0a
const space = 0x20
const quote = 0x22
const comma = 0x2c
const point = 0x2e
const zero = 0x30
const colon = 0x3a
const backslash = 0x5c
const closingBracket = 0x5d
const openingBrace = 0x7b
const closingBrace = 0x7d

/** Below 0 for what is none. */
function digitOf(byte: number | undefined): number {
  const digit = (byte ?? 0) - zero
  return digit <= 9 ? digit : -1
}
