import { checkTrailerLine, codes, MalformedAnswer } from './answer-head.ts'

const { tab, lineFeed, carriageReturn, space } = codes
const semicolon = 0x3b

/** A line with the size of a chunk may say more about it, which nobody reads. */
const mostExtensionBytes = 4_096
const mostTrailerBytes = 65_536
/** Of the size of a chunk, leading zeros among them. */
const mostDigits = 16

/** What stands next. */
type Expected = 'size' | 'extension' | 'size_end' | 'content' | 'content_cr' | 'content_lf' | 'trailer' | 'nothing'

/** Takes the framing off a body in chunks (RFC 9112, 7.1), however it is cut in pieces. Trailers are checked and dropped. */
export class ChunkedBody {
  #expected: Expected = 'size'
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #trailerBytes = 0
  /** Of a trailer line of which the rest has not come. */
  #trailer = ''

  get ended(): boolean {
    return this.#expected === 'nothing'
  }

  /** How much content may be taken from where `skip` stopped. */
  get contentBytes(): number {
    return this.#expected === 'content' ? this.#size : 0
  }

  /** Says that so many bytes of content have been taken. */
  took(bytes: number): void {
    this.#size -= bytes
    if (this.#size === 0) this.#expected = 'content_cr'
  }

  /**
   * Reads framing from `at` on, to the next content, the end of the body or that of the bytes.
   *
   * @returns where it stopped
   * @throws MalformedAnswer
   */
  skip(bytes: Buffer, at: number): number {
    let next = at
    while (next < bytes.length && this.#expected !== 'content' && this.#expected !== 'nothing') {
      if (this.#expected === 'trailer') next = this.#skipTrailer(bytes, next)
      else this.#step(bytes[next++] ?? 0)
    }
    return next
  }

  #step(code: number): void {
    switch (this.#expected) {
      case 'size':
        return this.#stepSize(code)
      case 'extension':
        return this.#stepExtension(code)
      case 'size_end':
        if (code !== lineFeed) throw new MalformedAnswer('the size of a chunk has no proper end')
        this.#expected = this.#size === 0 ? 'trailer' : 'content'
        return
      case 'content_cr':
        if (code !== carriageReturn) throw new MalformedAnswer('a chunk is longer than it says')
        this.#expected = 'content_lf'
        return
      default:
        if (code !== lineFeed) throw new MalformedAnswer('a chunk has no proper end')
        this.#expected = 'size'
        this.#size = 0
        this.#digits = 0
        this.#extensionBytes = 0
    }
  }

  #stepSize(code: number): void {
    const digit = hexDigit(code)
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit
      if (++this.#digits > mostDigits || this.#size > Number.MAX_SAFE_INTEGER)
        throw new MalformedAnswer('the size of a chunk is too large')
    } else if (this.#digits === 0) throw new MalformedAnswer('the size of a chunk is not a number')
    else if (code === carriageReturn) this.#expected = 'size_end'
    else if (code === semicolon) this.#expected = 'extension'
    else throw new MalformedAnswer('the size of a chunk is not a number')
  }

  #stepExtension(code: number): void {
    if (code === carriageReturn) this.#expected = 'size_end'
    else if ((code < space && code !== tab) || code === 0x7f || ++this.#extensionBytes > mostExtensionBytes)
      throw new MalformedAnswer('what is said of a chunk is malformed or too long')
  }

  #skipTrailer(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineFeed, at) + 1
    const stop = end === 0 ? bytes.length : end
    this.#trailerBytes += stop - at
    if (this.#trailerBytes > mostTrailerBytes) throw new MalformedAnswer('its trailers are too large')
    this.#trailer += bytes.toString('latin1', at, stop)
    if (end === 0) return stop
    if (this.#trailer === '\r\n') this.#expected = 'nothing'
    else checkTrailerLine(this.#trailer)
    this.#trailer = ''
    return stop
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lowered = code | 0x20
  return lowered >= 0x61 && lowered <= 0x66 ? lowered - 0x57 : -1
}
