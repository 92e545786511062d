import { notInHosts } from './head-fault.ts'

/** The head of a request that can be understood in one way only. */
export interface RequestHead {
  readonly method: string
  /** Origin form: a path, with its query. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values in turn, as they stood on the wire. */
  readonly rawHeaders: readonly string[]
  /** Of the body, in bytes. */
  readonly bodyBytes: number
  /** Whether the connection stays after the answer. */
  readonly keepAlive: boolean
  /** Where the body begins. */
  readonly end: number
}

const endOfHead = Buffer.from('\r\n\r\n')

/**
 * A part of what RFC 9112 allows, chosen so that no two readers of HTTP can disagree about it: one line ending, no folded
 * lines, no empty values, nothing but visible ASCII with blanks in between.
 */
const plainHead =
  /^(?:POST|GET|DELETE) \/[!-~]* HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[!-~]+(?:[ \t]+[!-~]+)*[ \t]*\r\n)*$/

/** What `plainHead` has behind a colon. */
export const plainValue: RegExp = /^[ \t]*[!-~]+(?:[ \t]+[!-~]+)*[ \t]*$/

/** What is beyond this is no usual head, and whoever takes it has bounds of their own. */
const mostHeadBytes = 16 * 1024

/** Change how a message is to be read (RFC 9112, 6 and 9.6; RFC 9110, 7.8 and 10.1.1). */
const changesReading: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'http2-settings',
  'proxy-connection',
  '__proto__',
])

/**
 * Reads the head of a plain request, as official SDKs send them.
 *
 * @returns null for anything else, be it only that it has not come whole: that is for a complete reader of HTTP to judge.
 *   What is read here, such a reader reads alike (`request-head.test.ts` asks Node's).
 */
export function readPlainHead(bytes: Buffer): RequestHead | null {
  const text = requestHeadText(bytes)
  return text === null ? null : parsePlainHead(text)
}

/** The lines of the head that bytes begin with, with their ends, one character a byte; null where it is too long or not whole. */
export function requestHeadText(bytes: Buffer): string | null {
  const end = bytes.indexOf(endOfHead)
  return end === -1 || end > mostHeadBytes ? null : bytes.toString('latin1', 0, end + 2)
}

/** As `readPlainHead`, of what `requestHeadText` gave. */
export function parsePlainHead(text: string): RequestHead | null {
  if (!plainHead.test(text)) return null
  const lineEnd = text.indexOf('\r\n')
  const blank = text.indexOf(' ')
  const rawHeaders: string[] = []
  const headers: Record<string, string> = {}
  let from = lineEnd + 2
  while (from < text.length) {
    const to = text.indexOf('\r\n', from)
    const colon = text.indexOf(':', from)
    const name = text.slice(from, colon)
    const lowered = name.toLowerCase()
    if (changesReading.has(lowered) || headers[lowered] !== undefined) return null
    const value = text.slice(colon + 1, to).trim()
    rawHeaders.push(name, value)
    headers[lowered] = value
    from = to + 2
  }
  const line = { method: text.slice(0, blank), target: text.slice(blank + 1, lineEnd - ' HTTP/1.1'.length) }
  return headOf(line, headers, rawHeaders, text.length + 2)
}

/** Null where its headers say something of the body or of the connection that is not understood here. */
export function headOf(
  { method, target }: Pick<RequestHead, 'method' | 'target'>,
  headers: RequestHead['headers'],
  rawHeaders: readonly string[],
  end: number,
): RequestHead | null {
  const bodyBytes = lengthOf(headers['content-length'])
  const keepAlive = staysOpen(headers['connection'])
  const host = headers['host']
  if (bodyBytes === null || keepAlive === null || host === undefined || notInHosts.test(host)) return null
  return { method, target, headers, rawHeaders, bodyBytes, keepAlive, end }
}

function lengthOf(value: string | undefined): number | null {
  if (value === undefined) return 0
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : null
}

/** Null where it names more than it is asked here. */
function staysOpen(value: string | undefined): boolean | null {
  if (value === undefined) return true
  const lowered = value.toLowerCase()
  return lowered === 'keep-alive' ? true : lowered === 'close' ? false : null
}
