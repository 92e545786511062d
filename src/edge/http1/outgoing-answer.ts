import { STATUS_CODES } from 'node:http'

export interface HeadOptions {
  /** How the end of the body is told; `own` where the headers say it themselves. */
  readonly body: { readonly bytes: number } | 'chunked' | 'own'
  /** For how many seconds the connection stays without a request after this answer; null where it ends. */
  readonly keepAliveS: number | null
  /** Since 1970, in milliseconds; null where the headers have a date. */
  readonly nowMs: number | null
}

/** RFC 9110, 5.5 and 5.6.2: anything else would end the line, or be another character on the wire. */
const notInAValue = /[^\t\x20-\x7e\x80-\xff]/
const aName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/**
 * The head of an answer, of one character a byte (latin1), up to and with the empty line.
 *
 * @throws TypeError where a name or value cannot stand in a header
 */
export function headText(status: number, headers: readonly string[], options: HeadOptions): string {
  const { body, keepAliveS, nowMs } = options
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    if (notInAValue.test(value) || !aName.test(name)) {
      throw new TypeError(`this header cannot be sent: ${JSON.stringify(name)}`)
    }
    text += `${name}: ${value}\r\n`
  }
  if (nowMs !== null) text += `date: ${dateText(nowMs)}\r\n`
  text +=
    keepAliveS === null ? 'connection: close\r\n' : `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveS}\r\n`
  if (body === 'own' || !mayHaveBody(status)) return `${text}\r\n`
  return body === 'chunked'
    ? `${text}transfer-encoding: chunked\r\n\r\n`
    : `${text}content-length: ${body.bytes}\r\n\r\n`
}

/** RFC 9110, 6.4.1. */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

let dateAtS = Number.NaN
let dateOfSecond = ''

/** RFC 9110, 5.6.7. It has whole seconds: most answers have that of the answer before them. */
function dateText(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateAtS) {
    dateAtS = second
    dateOfSecond = new Date(second * 1000).toUTCString()
  }
  return dateOfSecond
}
