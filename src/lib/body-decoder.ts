import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { ContentEncoding } from './content-encoding.ts'

/** How large a body may become, of which so many bytes have come. */
type MostDecoded = (cameBytes: number) => number

/** More came of a body than of any that is honest. */
export class DecodedTooLarge extends Error {
  override readonly name = 'DecodedTooLarge'
}

/**
 * Decodes a body as it comes, beside the calls, and no faster than what comes of it is taken. What cannot be decoded is
 * left out: this is for reading along, not for passing on.
 */
export class BodyDecoder {
  readonly #steps: readonly StepDecoder[]
  readonly #mostDecoded: MostDecoded
  #cameBytes = 0

  constructor(encodings: readonly ContentEncoding[], mostDecoded: MostDecoded) {
    this.#steps = encodings.map((encoding) => new StepDecoder(encoding)).reverse()
    this.#mostDecoded = mostDecoded
  }

  /** True once it has ended, and all of it was sound. */
  get whole(): boolean {
    return this.#steps.every((step) => step.whole)
  }

  /**
   * What becomes readable by this chunk, piece by piece. One chunk at a time.
   *
   * @throws DecodedTooLarge
   */
  push(chunk: Buffer): AsyncGenerator<Buffer, void, undefined> {
    this.#cameBytes += chunk.length
    return this.#through(chunk, 0)
  }

  /**
   * No more comes: what still becomes readable by that.
   *
   * @throws DecodedTooLarge
   */
  async *end(): AsyncGenerator<Buffer, void, undefined> {
    for (const [at, step] of this.#steps.entries()) yield* this.#bounded(step, step.end(), at + 1)
  }

  /** Frees what it holds. */
  close(): void {
    for (const step of this.#steps) step.close()
  }

  async *#through(piece: Buffer, at: number): AsyncGenerator<Buffer, void, undefined> {
    const step = this.#steps[at]
    if (step === undefined) yield piece
    else yield* this.#bounded(step, step.push(piece), at + 1)
  }

  /** Each step by itself: what one of several makes of it is not all that it costs. */
  async *#bounded(step: StepDecoder, pieces: AsyncIterable<Buffer>, next: number): AsyncGenerator<Buffer, void> {
    for await (const piece of pieces) {
      step.decodedBytes += piece.length
      const most = this.#mostDecoded(this.#cameBytes)
      if (step.decodedBytes > most)
        throw new DecodedTooLarge(`${this.#cameBytes} encoded bytes become more than ${most} decoded`)
      yield* this.#through(piece, next)
    }
  }
}

class StepDecoder {
  decodedBytes = 0
  whole = false
  readonly #encoding: ContentEncoding
  #stream: Transform | null = null
  #over = false
  #wake: () => void = () => {}

  constructor(encoding: ContentEncoding) {
    this.#encoding = encoding
  }

  async *push(chunk: Buffer): AsyncGenerator<Buffer, void, undefined> {
    if (this.#over || chunk.length === 0) return
    this.#stream ??= this.#open(chunk)
    let taken = false
    this.#stream.write(chunk, () => {
      taken = true
      this.#wake()
    })
    yield* this.#pieces(this.#stream, () => taken)
  }

  async *end(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#over || this.#stream === null) return
    this.#stream.end()
    yield* this.#pieces(this.#stream, () => false)
  }

  close(): void {
    this.#over = true
    this.#stream?.destroy()
  }

  /** A decoder whose pieces are not read stops after a few. */
  async *#pieces(stream: Transform, isDone: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const piece: Buffer | null = stream.read()
      if (piece !== null) yield piece
      else if (this.#over || isDone()) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #open(first: Buffer): Transform {
    const headless = this.#encoding === 'deflate' && !hasZlibHead(first)
    const stream = headless ? createInflateRaw() : decoders[this.#encoding]()
    // What follows the end of what was encoded is not taken any more, and not said to be.
    const over = (whole: boolean): void => {
      this.whole ||= whole && !this.#over
      this.#over = true
      this.#wake()
    }
    return stream
      .on('readable', () => this.#wake())
      .on('end', () => over(true))
      .on('error', () => over(false))
      .on('close', () => over(false))
  }
}

/** `deflate` means zlib's format (RFC 9110, 8.4.1.2), but some send what is in it without its head. */
function hasZlibHead(body: Buffer): boolean {
  return ((body[0] ?? 0) & 0x0f) === 8
}

const decoders: Readonly<Record<ContentEncoding, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

export interface Decoded {
  readonly bytes: Buffer
  /** False where it is cut short, or has a fault further on: there are the bytes before. */
  readonly whole: boolean
}

/**
 * Null where nothing of it is of that encoding.
 *
 * @throws DecodedTooLarge
 */
export async function decodeWhole(
  encodings: readonly ContentEncoding[],
  body: Buffer,
  mostDecoded: MostDecoded,
): Promise<Decoded | null> {
  const decoder = new BodyDecoder(encodings, mostDecoded)
  const pieces: Buffer[] = []
  try {
    for await (const piece of decoder.push(body)) pieces.push(piece)
    for await (const piece of decoder.end()) pieces.push(piece)
    const { whole } = decoder
    return whole || pieces.length > 0 ? { bytes: Buffer.concat(pieces), whole } : null
  } finally {
    decoder.close()
  }
}
