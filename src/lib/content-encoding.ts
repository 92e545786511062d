import type { Transform } from 'node:stream'
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'

export type ContentEncoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Of a `content-encoding` header. Null where the body is as it is, and where it is encoded in a way unknown here. */
export function contentEncodingOf(header: string | readonly string[] | undefined): ContentEncoding | null {
  const name = typeof header === 'string' ? header.trim().toLowerCase() : ''
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

/** The decoded body; null where it is not of that encoding, is cut short, or would be larger than allowed. */
export function decodeWhole(encoding: ContentEncoding, body: Buffer, maxOutputLength: number): Buffer | null {
  const options = { maxOutputLength }
  try {
    switch (encoding) {
      case 'gzip':
        return gunzipSync(body, options)
      case 'deflate':
        return inflateSync(body, options)
      case 'br':
        return brotliDecompressSync(body, options)
      case 'zstd':
        return zstdDecompressSync(body, options)
    }
  } catch {
    return null
  }
}

/** As fast as it goes: for what seldom has to be encoded. */
export function encodeWhole(encoding: ContentEncoding, body: Buffer): Buffer {
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

/** Decodes a body as it comes. What cannot be decoded is left out: this is for reading along, not for passing on. */
export class BodyDecoder {
  readonly #stream: Transform
  #decoded: Buffer[] = []
  #broken = false
  #pushed: () => void = () => {}

  constructor(encoding: ContentEncoding) {
    this.#stream = decoders[encoding]()
    this.#stream.on('data', (chunk: Buffer) => this.#decoded.push(chunk))
    this.#stream.on('error', () => {
      this.#broken = true
      this.#pushed()
    })
  }

  /** Resolves with what has become readable by this chunk. One at a time. */
  push(chunk: Buffer): Promise<readonly Buffer[]> {
    if (this.#broken) return Promise.resolve([])
    return new Promise((resolve) => {
      this.#pushed = () => resolve(this.#take())
      this.#stream.write(chunk, this.#pushed)
    })
  }

  /** Frees what it holds. */
  close(): void {
    this.#stream.destroy()
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
