import { mostRemembered, token } from './fields.ts'

/** What a server sent is not an answer in HTTP/1.1. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer'
}

/** How the end of a body is known (RFC 9112, 6.3): its length in bytes, 0 where there is none; chunks; or the end of the connection. */
type BodyFraming = number | 'chunked' | 'until_close'

export interface AnswerHead {
  readonly status: number
  /** Names in lower case, values without the white space around them; a name that came more than once has them all, in order. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: BodyFraming
  /** The connection may be used for another request once the body has ended. */
  readonly keepAlive: boolean
  /** How long the server says that it keeps an idle connection; null where it says nothing. */
  readonly keepAliveMs: number | null
}

/** Where neither a line's end nor its content may have it. Of line feeds only those behind a carriage return are left. */
const forbidden = /[^\t\r\n -~\x80-\xff]|\r(?!\n)/

const rememberedNames = new Map<string, string>()

const tab = 0x09
const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20

/**
 * Reads the head of an answer strictly (RFC 9112, 4 to 6): no line end but CRLF, no folded lines, no white space before a
 * colon, no length that can be understood in two ways. Who reads such an answer otherwise than the server meant it takes
 * one answer for another.
 *
 * @param text one character a byte: all lines with their ends, without the empty line behind them
 * @param method of the request that is answered: the answer to HEAD has no body
 * @throws MalformedAnswer
 */
export function parseAnswerHead(text: string, method: string): AnswerHead {
  if (forbidden.test(text)) throw new MalformedAnswer('its head has a control character')
  const statusEnd = lineEnd(text, 0)
  const minor = minorVersion(text)
  const status = statusOf(text, statusEnd)
  if (minor === 0 && status < 200) throw new MalformedAnswer('HTTP/1.0 has no interim answers')
  if (status === 101) throw new MalformedAnswer('it switches protocols, for which nobody has asked')
  const headers = parseFields(text, statusEnd + 2)
  const framing = framingOf(headers, status, method)
  const keepAlive = minor === 1 && framing !== 'until_close' && !saysClose(headers['connection'])
  return {
    status,
    headers,
    body: framing,
    keepAlive: keepAlive && !(framing === 0 && announcesBody(headers)),
    keepAliveMs: keepAliveMs(headers['keep-alive']),
  }
}

/** @throws MalformedAnswer where what stands behind the last chunk is neither a field nor, at the end, an empty line */
export function checkTrailerLine(text: string): void {
  if (forbidden.test(text)) throw new MalformedAnswer('a trailer has a control character')
  parseFields(text, 0)
}

/** @throws MalformedAnswer if `text`, the beginning of a head, cannot become one whatever follows */
export function checkBeginning(text: string): void {
  const wanted = 'HTTP/1.'
  if (text.slice(0, wanted.length) !== wanted.slice(0, text.length)) throw new MalformedAnswer('it is no HTTP')
}

/** @throws MalformedAnswer if a piece of a head, which may end within a line's end, has what no head may have */
export function checkPiece(text: string): void {
  const whole = text.endsWith('\r') ? text.slice(0, -1) : text
  if (forbidden.test(whole)) throw new MalformedAnswer('its head has a control character')
  for (let at = whole.indexOf('\n'); at >= 0; at = whole.indexOf('\n', at + 1)) {
    if (whole.charCodeAt(at - 1) !== carriageReturn) throw new MalformedAnswer('a line of its head has no proper end')
  }
}

function minorVersion(text: string): number {
  checkBeginning(text)
  const minor = text.charCodeAt(7) - 0x30
  if ((minor !== 0 && minor !== 1) || text.charCodeAt(8) !== space)
    throw new MalformedAnswer('its version of HTTP is not 1.0 or 1.1')
  return minor
}

function statusOf(text: string, end: number): number {
  let status = 0
  for (let at = 9; at < 12; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) throw new MalformedAnswer('its status is not a number of three digits')
    status = status * 10 + digit
  }
  if (status < 100 || (end !== 12 && text.charCodeAt(12) !== space))
    throw new MalformedAnswer('its status is not a number of three digits')
  return status
}

/** Where the line that begins at `from` ends: the place of its CR. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from) - 1
  if (end < from || text.charCodeAt(end) !== carriageReturn)
    throw new MalformedAnswer('a line of its head has no proper end')
  return end
}

function parseFields(text: string, from: number): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  let at = from
  while (at < text.length) {
    const end = lineEnd(text, at)
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) throw new MalformedAnswer('a line of its head has no colon')
    let first = colon + 1
    let last = end
    while (first < last && isBlank(text.charCodeAt(first))) first++
    while (last > first && isBlank(text.charCodeAt(last - 1))) last--
    add(headers, fieldName(text.slice(at, colon)), text.slice(first, last))
    at = end + 2
  }
  return headers
}

function isBlank(code: number): boolean {
  return code === space || code === tab
}

/** In lower case. White space before it (a folded line) or behind it (RFC 9112, 5.1) is refused, being no part of a token. */
function fieldName(spelled: string): string {
  const known = rememberedNames.get(spelled)
  if (known !== undefined) return known
  if (!token.test(spelled)) throw new MalformedAnswer('the name of a header is none')
  const lowered = spelled.toLowerCase()
  if (rememberedNames.size < mostRemembered) rememberedNames.set(spelled, lowered)
  return lowered
}

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const before = headers[name]
  if (before === undefined) headers[name] = value
  else if (!Object.hasOwn(headers, name))
    // What every object has: `__proto__`, `constructor`.
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
  else if (typeof before === 'string') headers[name] = [before, value]
  else before.push(value)
}

function framingOf(headers: AnswerHead['headers'], status: number, method: string): BodyFraming {
  const length = headers['content-length']
  const coding = headers['transfer-encoding']
  if (length !== undefined && coding !== undefined)
    throw new MalformedAnswer('it has both a length and a transfer coding')
  const bytes = length === undefined ? null : lengthOf(length)
  const chunked = coding !== undefined && isChunked(coding)
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  if (bytes !== null) return bytes
  return chunked ? 'chunked' : 'until_close'
}

/** Of an answer that cannot have a body: it may have been sent all the same, and be taken for the next answer. */
function announcesBody(headers: AnswerHead['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Repeated lengths are refused also where they agree (RFC 9110, 8.6 leaves the choice). */
function lengthOf(value: string | string[]): number {
  const bytes = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(bytes)) throw new MalformedAnswer('its length is not a number')
  return bytes
}

/** Nothing but chunks is ever asked for (no TE is sent), so nothing else is read; `identity` is what servers of old say of a body without. */
function isChunked(value: string | string[]): boolean {
  const coding = typeof value === 'string' ? value.toLowerCase() : ''
  if (coding !== 'chunked' && coding !== 'identity') throw new MalformedAnswer('it has an unknown transfer coding')
  return coding === 'chunked'
}

function saysClose(value: string | string[] | undefined): boolean {
  if (value === undefined || value === 'keep-alive') return false
  const options = typeof value === 'string' ? value : value.join(',')
  return /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(options)
}

function keepAliveMs(value: string | string[] | undefined): number | null {
  if (value === undefined) return null
  const parameters = typeof value === 'string' ? value : value.join(',')
  const seconds = /(?:^|,)[\t ]*timeout=(\d{1,9})/i.exec(parameters)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

/** For what is read byte by byte. */
export const codes = { tab, lineFeed, carriageReturn, space }
