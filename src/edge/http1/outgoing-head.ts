import type { RawHeaders } from '#ports.ts'
import { mostRemembered, notInValues, token } from './fields.ts'

/** A request that cannot be written without meaning something else on the wire. */
export class UnsendableRequest extends Error {
  override readonly name = 'UnsendableRequest'
}

export interface OutgoingHead {
  /** Request line and header fields with their ends; what says the length of the body, and the empty line, are still to come. */
  readonly text: string
  /** The `content-length` that the headers had, which is not among the fields; null where they had none. */
  readonly declaredBytes: number | null
  /** This kind of request has a body, if only an empty one. */
  readonly expectsBody: boolean
  /** The connection is not to be used after it. */
  readonly lastOnConnection: boolean
}

/** What is done with a header: written as it is, or understood here. */
type Treatment = 'write' | 'host' | 'content-length' | 'connection' | 'refuse'

/** `Expect` asks for an answer that nobody waits for; the others would say how the body is framed, which is said here. */
const treated: Readonly<Record<string, Treatment>> = {
  host: 'host',
  'content-length': 'content-length',
  connection: 'connection',
  'transfer-encoding': 'refuse',
  'keep-alive': 'refuse',
  upgrade: 'refuse',
  expect: 'refuse',
}

const notInPaths = /[^!-\xff]/
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

const rememberedNames = new Map<string, Treatment>()

/**
 * Writes the head of a request (RFC 9112, 3 and 5): `host` first, then `connection`, then the headers in their order and
 * spelling. A `host` among them takes the place of the connection's own.
 *
 * @param host of the URL, with its port where it is not the usual one
 * @throws UnsendableRequest if a part of it would be read as something else
 */
export function outgoingHead(method: string, path: string, headers: RawHeaders, host: string): OutgoingHead {
  if (!token.test(method)) throw new UnsendableRequest('its method is not a token')
  if (path.charCodeAt(0) !== 0x2f || notInPaths.test(path))
    throw new UnsendableRequest('its path has a character that it must not have')
  let fields = ''
  let ownHost: string | null = null
  let declaredBytes: number | null = null
  // Some servers send a body with their answer to HEAD.
  let lastOnConnection = method === 'HEAD'
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    if (notInValues.test(value))
      throw new UnsendableRequest(`header ${printable(name)} has a character that it must not have`)
    switch (treatmentOf(name)) {
      case 'write':
        fields += `${name}: ${value}\r\n`
        break
      case 'host':
        if (ownHost !== null) throw new UnsendableRequest('it names two hosts')
        ownHost = value
        break
      case 'content-length':
        if (declaredBytes !== null) throw new UnsendableRequest('it has two lengths')
        declaredBytes = lengthOf(value)
        break
      case 'connection':
        lastOnConnection ||= saysClose(value)
        break
      case 'refuse':
        throw new UnsendableRequest(`header ${name} is not for callers to set`)
    }
  }
  return {
    text: `${method} ${path} HTTP/1.1\r\nhost: ${ownHost ?? host}\r\nconnection: ${lastOnConnection ? 'close' : 'keep-alive'}\r\n${fields}`,
    declaredBytes,
    expectsBody: methodsWithBody.has(method),
    lastOnConnection,
  }
}

function treatmentOf(name: string): Treatment {
  const known = rememberedNames.get(name)
  if (known !== undefined) return known
  if (!token.test(name)) throw new UnsendableRequest(`the name of header ${printable(name)} is not a token`)
  const lowered = name.toLowerCase()
  const treatment = Object.hasOwn(treated, lowered) ? (treated[lowered] ?? 'write') : 'write'
  if (rememberedNames.size < mostRemembered) rememberedNames.set(name, treatment)
  return treatment
}

function lengthOf(value: string): number {
  const bytes = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(bytes)) throw new UnsendableRequest('its length is not a number')
  return bytes
}

function saysClose(value: string): boolean {
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
  if (!options.every((option) => token.test(option))) throw new UnsendableRequest('its header connection is malformed')
  return options.includes('close')
}

function printable(name: string): string {
  return JSON.stringify(name.slice(0, 50))
}
