import { noBytes } from '#lib/no-bytes.ts'
import type { AnswerSink, UpstreamAnswer, UpstreamFault } from '#ports.ts'
import type { Reading } from '#providers/meter.ts'

/**
 * Servers that want no credential are given a filler, such as `x` or `none`. That is no secret, and stands in texts by
 * chance: taken for one, it would cost an answer its content type.
 */
const shortestSecret = 8

/** A shorter one without a digit may be a word, such as `placeholder`, that a model has reason to write. */
const neverAWord = 16

/** What stands in keys, the rarest in answers first. */
const rareFirst = 'QZXJKYVWGqzHUjFBxvkwb9786543f'

/** `Buffer.includes` goes from one occurrence of the first byte to the next, but builds tables for eight bytes or more. */
const quickest = 7

const noEnds: readonly number[] = []

/**
 * The credential that a provider is shown. Providers, and relays before them, may repeat it. It stays ours: what repeats
 * it is not passed on, and not written down. In its place stands something as long, so that whatever counts bytes is
 * still right. It is looked for as it is, not in another spelling (`\u0073k-…`, `%73k-…`, base64).
 */
export class UpstreamSecret {
  /** As it stands in bodies. */
  readonly #bytes: Buffer
  /** True where it cannot stand in an answer by chance. */
  readonly #inAnswers: boolean
  readonly #text: string
  readonly #inErrors: boolean
  readonly #inItsPlace: string
  /** A part of it: where that does not stand, and it nearly never does, neither does the secret. */
  readonly #part: Buffer
  readonly #mask: Buffer

  constructor(credential: string) {
    this.#text = credential
    this.#bytes = Buffer.from(credential)
    this.#inErrors = this.#bytes.length >= shortestSecret
    this.#inAnswers = this.#bytes.length >= neverAWord || (this.#inErrors && /\d/.test(credential))
    this.#part = rarestPart(this.#bytes)
    this.#inItsPlace = '[redacted]'.padEnd(this.#bytes.length, '*').slice(0, this.#bytes.length)
    this.#mask = Buffer.from(this.#inItsPlace)
  }

  /** The very same answer but for headers that hold the secret, which are left out. */
  withoutHeaders(answer: UpstreamAnswer): UpstreamAnswer {
    if (!this.#inErrors || !this.#inAny(answer.headers)) return answer
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([, value]) => !this.#inHeader(value)))
    return {
      status: answer.status,
      headers,
      deliver: (sink) => answer.deliver(sink),
      pause: () => answer.pause(),
      resume: () => answer.resume(),
    }
  }

  /** A whole body, the very same where the secret does not stand in it. */
  hiddenIn(body: Buffer, status: number): Buffer {
    return (status < 400 ? this.#inAnswers : this.#inErrors) ? this.masked(body, this.endsIn(body)) : body
  }

  /** Takes a body in as it comes, and hands it on at once, but for what may turn out to be the secret's beginning. */
  hiddenOnTheWayTo(sink: AnswerSink): AnswerSink {
    return this.#inAnswers ? new MaskingSink(this, sink) : sink
  }

  /** To be asked for each piece of a body in turn: whether the secret has stood there by the end of it. */
  watch(): (piece: Buffer) => boolean {
    if (!this.#inAnswers) return () => false
    let begun = noBytes
    return (piece) => {
      const bytes = begun.length === 0 ? piece : Buffer.concat([begun, piece])
      begun = bytes.subarray(this.beginsAt(bytes, 0))
      return this.endsIn(bytes).length > 0
    }
  }

  /** The very same reading but for an error that holds the secret. */
  hiddenInReading(reading: Reading): Reading {
    const { error } = reading
    if (error === null || !this.#inErrors) return reading
    if (!error.message.includes(this.#text) && !error.code.includes(this.#text)) return reading
    return { ...reading, error: { ...error, code: this.#without(error.code), message: this.#without(error.message) } }
  }

  /** Where in the bytes it ends, each time that it stands there. */
  endsIn(bytes: Buffer): readonly number[] {
    if (!bytes.includes(this.#part)) return noEnds
    const ends: number[] = []
    for (let at = bytes.indexOf(this.#bytes); at !== -1; at = bytes.indexOf(this.#bytes, at + this.#bytes.length))
      ends.push(at + this.#bytes.length)
    return ends
  }

  /** The very same bytes where there are no ends. */
  masked(bytes: Buffer, ends: readonly number[]): Buffer {
    if (ends.length === 0) return bytes
    const copy = Buffer.from(bytes)
    for (const end of ends) this.#mask.copy(copy, end - this.#mask.length)
    return copy
  }

  /** From where on, at or after `from`, the bytes can be its beginning; their length where they cannot. */
  beginsAt(bytes: Buffer, from: number): number {
    const { length } = bytes
    const last = bytes[length - 1]
    // Most pieces end with a line end or a brace, which stand in no key.
    if (last === undefined || !this.#bytes.includes(last)) return length
    for (let at = Math.max(from, length - this.#bytes.length + 1); at < length; at += 1) {
      if (bytes[at] === this.#bytes[0] && bytes.compare(this.#bytes, 0, length - at, at, length) === 0) return at
    }
    return length
  }

  #without(text: string): string {
    return text.replaceAll(this.#text, this.#inItsPlace)
  }

  #inAny(headers: UpstreamAnswer['headers']): boolean {
    for (const name in headers) if (this.#inHeader(headers[name])) return true
    return false
  }

  #inHeader(value: string | string[] | undefined): boolean {
    return typeof value === 'string'
      ? value.includes(this.#text)
      : (value?.some((single) => single.includes(this.#text)) ?? false)
  }
}

function rarestPart(secret: Buffer): Buffer {
  const begins = secret.subarray(0, Math.max(1, secret.length - quickest + 1))
  const rarest = [...rareFirst].find((letter) => begins.includes(letter))
  const at = rarest === undefined ? 0 : begins.indexOf(rarest)
  return secret.subarray(at, at + quickest)
}

class MaskingSink implements AnswerSink {
  readonly #secret: UpstreamSecret
  readonly #sink: AnswerSink
  /** What came last, where it may be the beginning of the secret. */
  #begun: Buffer = noBytes

  constructor(secret: UpstreamSecret, sink: AnswerSink) {
    this.#secret = secret
    this.#sink = sink
  }

  bytes(chunk: Buffer): void {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk])
    const ends = this.#secret.endsIn(bytes)
    const begins = this.#secret.beginsAt(bytes, ends.at(-1) ?? 0)
    const shown = this.#secret.masked(bytes, ends)
    if (begins === bytes.length) {
      this.#begun = noBytes
      this.#sink.bytes(shown)
    } else {
      this.#begun = bytes.subarray(begins)
      if (begins > 0) this.#sink.bytes(shown.subarray(0, begins))
    }
  }

  end(): void {
    this.#handOver()
    this.#sink.end()
  }

  fail(fault: UpstreamFault): void {
    this.#handOver()
    this.#sink.fail(fault)
  }

  /** It was the beginning of something else. */
  #handOver(): void {
    const begun = this.#begun
    this.#begun = noBytes
    if (begun.length > 0) this.#sink.bytes(begun)
  }
}
