import { promisify } from 'node:util'
import { brotliCompress, constants, deflate, gzip, zstdCompress } from 'node:zlib'

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

/** As fast as it goes, beside the calls: for what seldom has to be encoded. */
export async function encodeWhole(encodings: readonly ContentEncoding[], body: Buffer): Promise<Buffer> {
  let bytes = body
  for (const encoding of encodings) bytes = await encoders[encoding](bytes)
  return bytes
}

const quickest = { level: constants.Z_BEST_SPEED }
const quickestBrotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MIN_QUALITY } }
const [toGzip, toDeflate, toBrotli, toZstd] = [
  promisify<Buffer, object, Buffer>(gzip),
  promisify<Buffer, object, Buffer>(deflate),
  promisify<Buffer, object, Buffer>(brotliCompress),
  promisify<Buffer, Buffer>(zstdCompress),
]
const encoders: Readonly<Record<ContentEncoding, (body: Buffer) => Promise<Buffer>>> = {
  gzip: (body) => toGzip(body, quickest),
  deflate: (body) => toDeflate(body, quickest),
  br: (body) => toBrotli(body, quickestBrotli),
  zstd: (body) => toZstd(body),
}
