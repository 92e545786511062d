/** Of a request that must not be served, though its head can be read. */
interface HeadFault {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** What the name of a host, with its port, cannot have (RFC 9110, 7.2; RFC 3986, 3.2). */
export const notInHosts: RegExp = /[^\w.~!$&'()*+,;=%:[\]-]/

/** Whatever else a body is, the parser refuses. */
const endsInChunks = /(?:^|[,\t ])chunked$/i

/**
 * What Node's parser lets pass and RFC 9112 does not: a head without a host, or with two (3.2), and chunks of what nobody
 * here can decode, or in a version that does not know them (6.1). Who reads such a request otherwise than its sender may
 * find two in it.
 *
 * @param version of HTTP, as `1.1`
 */
export function headFault(version: string, rawHeaders: readonly string[]): HeadFault | null {
  let host: string | null = null
  let coding: string | null = null
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    if (name === 'host') {
      if (host !== null) return bad('it has two Host headers')
      host = value
    } else if (name === 'transfer-encoding') coding = coding === null ? value : `${coding}, ${value}`
  }
  if (host === null && version === '1.1') return bad('it has no Host header')
  if (host !== null && notInHosts.test(host)) return bad('its Host header names no host')
  if (coding === null || !endsInChunks.test(coding)) return null
  if (version !== '1.1') return bad('Transfer-Encoding is not for its version of HTTP')
  if (coding.length === 'chunked'.length) return null
  const message = 'The body may be sent chunked, but in no other transfer coding.'
  return { status: 501, code: 'unsupported_transfer_coding', message }
}

function bad(why: string): HeadFault {
  return { status: 400, code: 'bad_http', message: `The request is not valid HTTP: ${why}.` }
}
