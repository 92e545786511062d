import type { Transform } from 'node:stream'
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'

export type ContentEncoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** More than are ever put around one another. */
const mostEncodings = 3

/**
 * Of a `content-encoding` header: those put around the body, the innermost first. Null where it is as it is; `unknown`
 * where one of them is, though such a body may still be plain: some call its character set an encoding.
 */
export function contentEncodingsOf(
  header: string | readonly string[] | undefined,
): readonly ContentEncoding[] | 'unknown' | null {
  if (header === undefined) return null
  const named = (typeof header === 'string' ? header : header.join(','))
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  if (named.length === 0) return null
  const known = named.map(encodingNamed).filter((encoding) => encoding !== null)
  return known.length < named.length || known.length > mostEncodings ? 'unknown' : known
}

function encodingNamed(name: string): ContentEncoding | null {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return 'gzip'
    case 'deflate':
    case 'br':
    case 'zstd':
      return name
    default:
      return null
  }
}

/**
 * The decoded body, of one that is cut short as much as there is; null where it is not of that encoding or would be
 * larger than allowed.
 */
export function decodeWhole(
  encodings: readonly ContentEncoding[],
  body: Buffer,
  maxOutputLength: number,
): Buffer | null {
  try {
    return encodings.reduceRight((bytes, encoding) => decodeOne(encoding, bytes, maxOutputLength), body)
  } catch {
    return null
  }
}

/** As fast as it goes: for what seldom has to be encoded. */
export function encodeWhole(encodings: readonly ContentEncoding[], body: Buffer): Buffer {
  return encodings.reduce((bytes, encoding) => encodeOne(encoding, bytes), body)
}

function encodeOne(encoding: ContentEncoding, body: Buffer): Buffer {
  switch (encoding) {
    case 'gzip':
      return gzipSync(body, { level: constants.Z_BEST_SPEED })
    case 'deflate':
      return deflateSync(body, { level: constants.Z_BEST_SPEED })
    case 'br':
      return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MIN_QUALITY } })
    case 'zstd':
      return zstdCompressSync(body)
  }
}

/** @throws where it is not of that encoding, or too large */
function decodeOne(encoding: ContentEncoding, body: Buffer, maxOutputLength: number): Buffer {
  switch (encoding) {
    case 'gzip':
      return gunzipSync(body, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
    case 'deflate':
      return hasZlibHead(body)
        ? inflateSync(body, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
        : inflateRawSync(body, { maxOutputLength })
    case 'br':
      return brotliDecompressSync(body, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return zstdDecompressSync(body, { maxOutputLength, finishFlush: constants.ZSTD_e_flush })
  }
}

/** `deflate` means zlib's format (RFC 9110, 8.4.1.2), but some send what is in it without its head. */
function hasZlibHead(body: Buffer): boolean {
  return ((body[0] ?? 0) & 0x0f) === 8
}

/** Decodes a body as it comes. What cannot be decoded is left out: this is for reading along, not for passing on. */
export class BodyDecoder {
  readonly #steps: readonly StepDecoder[]

  constructor(encodings: readonly ContentEncoding[]) {
    this.#steps = encodings.map((encoding) => new StepDecoder(encoding)).reverse()
  }

  /** Resolves with what has become readable by this chunk. One at a time. */
  async push(chunk: Buffer): Promise<readonly Buffer[]> {
    let pieces: readonly Buffer[] = [chunk]
    for (const step of this.#steps) {
      const decoded: Buffer[] = []
      for (const piece of pieces) decoded.push(...(await step.push(piece)))
      pieces = decoded
    }
    return pieces
  }

  /** Frees what it holds. */
  close(): void {
    for (const step of this.#steps) step.close()
  }
}

class StepDecoder {
  readonly #encoding: ContentEncoding
  #stream: Transform | null = null
  #decoded: Buffer[] = []
  #broken = false
  #pushed: () => void = () => {}

  constructor(encoding: ContentEncoding) {
    this.#encoding = encoding
  }

  push(chunk: Buffer): Promise<readonly Buffer[]> {
    if (this.#broken || chunk.length === 0) return Promise.resolve([])
    this.#stream ??= this.#open(chunk)
    const stream = this.#stream
    return new Promise((resolve) => {
      this.#pushed = () => resolve(this.#take())
      stream.write(chunk, this.#pushed)
    })
  }

  close(): void {
    this.#stream?.destroy()
  }

  #open(first: Buffer): Transform {
    const headless = this.#encoding === 'deflate' && !hasZlibHead(first)
    const stream = headless ? createInflateRaw() : decoders[this.#encoding]()
    stream.on('data', (chunk: Buffer) => this.#decoded.push(chunk))
    stream.on('error', () => {
      this.#broken = true
      this.#pushed()
    })
    return stream
  }

  #take(): Buffer[] {
    const taken = this.#decoded
    this.#decoded = []
    return taken
  }
}

const decoders: Readonly<Record<ContentEncoding, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}
